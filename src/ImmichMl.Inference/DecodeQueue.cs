using ImmichMl.Imaging;
using ImmichMl.Imaging.Codecs;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference;

/// <summary>
/// Runs decoders on a bounded set of threads, within a budget of decoded pixels and a time limit. A native decoder cannot be
/// stopped: one that takes too long is answered, and keeps its thread, its bytes and its share of the budget until it ends.
/// </summary>
public sealed class DecodeQueue(RuntimeOptions options, ImageLimits limits, TimeProvider time) : IDisposable
{
    readonly WorkerThreads _threads = new("decode", options.RequestThreads);
    readonly WorkerThreads _yielding = new("background decode", options.RequestThreads, yields: true);
    readonly CodecChoice _codec = limits.ChosenCodec;
    readonly Budget _pixels = new(DecodeRoom.PixelsOf(options, limits));
    readonly DecodeRoom _room = new(options, time);

    public long PixelsInFlight => _pixels.Total;

    /// <summary>A bitmap and its share of the pixel budget; one owner, who disposes it.</summary>
    public sealed class Decoded : IDisposable
    {
        readonly Budget.Grant _pixels;

        internal Decoded(Bitmap bitmap, Budget.Grant pixels)
        {
            Bitmap = bitmap;
            _pixels = pixels;
        }

        public Bitmap Bitmap { get; }

        public void Dispose()
        {
            Bitmap.Dispose();
            _pixels.Dispose();
        }
    }

    /// <param name="image">What to decode.</param>
    /// <param name="header">What its header says.</param>
    /// <param name="yields">On a thread that lets all others go first.</param>
    /// <param name="cancellation">Of the request.</param>
    /// <exception cref="ImageException">The image cannot be decoded, not in time, or not with the memory that there may be.</exception>
    /// <exception cref="InferenceException">There is no memory for it now.</exception>
    public async Task<Decoded> DecodeAsync(EncodedImage image, ImageHeader header, bool yields, CancellationToken cancellation)
    {
        long bytes = DecodeRoom.CostOf(image, header, _codec);
        _room.Check(bytes);
        Budget.Grant pixels = _pixels.Open();
        IDisposable? turn = null;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Decoded> decode;
        try
        {
            await pixels.GrowAsync(DecodeRoom.Share(bytes, header, _pixels.Total), cancellation);
            turn = await _room.EnterAsync(bytes, cancellation);
            decode = Start(image, yields, () => Decode(image, header, pixels, turn, started, cancellation));
        }
        catch
        {
            turn?.Dispose();
            pixels.Dispose();
            throw;
        }

        try
        {
            await started.Task.WaitAsync(cancellation);
            return await decode.WaitAsync(TimeSpan.FromSeconds(options.DecodeTimeoutSeconds), time, cancellation);
        }
        catch (TimeoutException)
        {
            Abandon(decode);
            throw new ImageException(ImageFault.TooLarge, $"Decoding took longer than {options.DecodeTimeoutSeconds:0.###} s.");
        }
        catch (OperationCanceledException)
        {
            Abandon(decode);
            throw;
        }
    }

    /// <summary>The decode holds the bytes from here on, whoever else lets go of them.</summary>
    Task<Decoded> Start(EncodedImage image, bool yields, Func<Decoded> decode)
    {
        image.Retain();
        try
        {
            return (yields ? _yielding : _threads).RunAsync(decode);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    Decoded Decode(
        EncodedImage image, ImageHeader header, Budget.Grant pixels, IDisposable? turn, TaskCompletionSource started,
        CancellationToken cancellation)
    {
        started.TrySetResult();
        try
        {
            cancellation.ThrowIfCancellationRequested();
            return new Decoded(ImageDecoder.Decode(image.Bytes.Span, header, _codec), pixels);
        }
        catch
        {
            pixels.Dispose();
            throw;
        }
        finally
        {
            turn?.Dispose();
            image.Dispose();
        }
    }

    /// <summary>Nobody waits for this decode any more: when it ends its bitmap goes, and its error is of no interest.</summary>
    static void Abandon(Task<Decoded> decode) => _ = decode.ContinueWith(
        static ended =>
        {
            if (ended.IsCompletedSuccessfully)
            {
                ended.GetAwaiter().GetResult().Dispose();
            }
            else
            {
                _ = ended.Exception;
            }
        },
        CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Numbers of the work that has been running for longest, on either kind of thread; 0 where none runs.</summary>
    public (long Plain, long Yielding) OldestRunning => (_threads.OldestRunning, _yielding.OldestRunning);

    /// <summary>Runs <paramref name="beat"/> on a thread that decodes, as soon as one is free.</summary>
    public Task BeatAsync(Action beat) => _threads.RunAsync(() =>
    {
        beat();
        return true;
    });

    public void Dispose()
    {
        _threads.Dispose();
        _yielding.Dispose();
    }
}
