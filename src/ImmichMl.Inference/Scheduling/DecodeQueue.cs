using ImmichMl.Imaging.Codecs;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Scheduling;

/// <summary>
/// Runs decoders on a bounded set of threads, within a budget of decoded pixels and a time limit. A native decoder cannot be
/// stopped: one that takes too long is answered, and keeps its thread, its bytes and its share of the budget until it ends. Another thread
/// stands in for one that hangs, once for each; while some hang nobody waits for long. Where all hang for good only a new process helps.
/// </summary>
public sealed class DecodeQueue(RuntimeOptions options, ImageLimits limits, TimeProvider time) : IDisposable
{
    static readonly TimeSpan s_forGood = TimeSpan.FromMinutes(1);

    readonly WorkerThreads _threads = new("decode", options.RequestThreads, replacements: options.RequestThreads);
    readonly WorkerThreads _yielding = new("background decode", options.RequestThreads, yields: true, replacements: options.RequestThreads);
    readonly TaskCompletionSource _allHang = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TimeSpan _limit = TimeSpan.FromSeconds(options.DecodeTimeoutSeconds);
    int _hanging;
    readonly CodecChoice _codec = limits.ChosenCodec;
    readonly Budget _pixels = new(DecodeAdmission.PixelsOf(options, limits));
    readonly DecodeAdmission _admission = new(options, time);

    public long PixelsInFlight => _pixels.Total;

    /// <summary>Pictures get only this part of the pixels from now on, 0 to 1; one alone is decoded all the same.</summary>
    public void Restrict(double part) => _pixels.Withhold((long)(_pixels.Total * (1 - part)));

    /// <summary>Decodes that took too long and still run.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>Ends once every thread of a kind hangs, replacements too, and none has come back for a minute.</summary>
    public Task AllHang => _allHang.Task;

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
    /// <exception cref="InferenceException">There is no memory for it now, no thread, or others that hang hold what it needs.</exception>
    public async Task<Decoded> DecodeAsync(EncodedImage image, ImageHeader header, bool yields, CancellationToken cancellation)
    {
        long bytes = DecodeAdmission.CostOf(image, header, _codec);
        _admission.Check(bytes);
        Budget.Grant pixels = _pixels.Open();
        Task<IDisposable?> entering = Task.FromResult<IDisposable?>(null);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WorkerThreads threads = yields ? _yielding : _threads;

        // Not the caller's own: the work may be looked at long after he is gone.
        var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task<Decoded> decode;
        try
        {
            await UnlessOthersHangAsync(pixels.GrowAsync(DecodeAdmission.Share(bytes, header, _pixels.Total), giveUp.Token), giveUp);
            entering = _admission.EnterAsync(bytes, giveUp.Token);
            await UnlessOthersHangAsync(entering, giveUp);
            IDisposable? slot = await entering;
            CancellationToken given = giveUp.Token;
            decode = Start(image, threads, () => Decode(image, header, pixels, slot, started, given));
        }
        catch
        {
            if (entering.IsCompletedSuccessfully)
            {
                (await entering)?.Dispose();
            }

            pixels.Dispose();
            giveUp.Dispose();
            throw;
        }

        try
        {
            await UnlessOthersHangAsync(started.Task.WaitAsync(giveUp.Token), giveUp);
            return await decode.WaitAsync(_limit, time, cancellation);
        }
        catch (TimeoutException)
        {
            Replace(threads, decode);
            Abandon(decode);
            throw new ImageException(ImageFault.TooLarge, $"Decoding took longer than {options.DecodeTimeoutSeconds:0.###} s.");
        }
        catch (Exception e) when (e is OperationCanceledException or InferenceException)
        {
            Abandon(decode);
            throw;
        }
        finally
        {
            giveUp.Dispose();
        }
    }

    /// <summary>
    /// What others hold that only work for long is waited for; what they hold that hang, for as long as one decode may take.
    /// </summary>
    async Task UnlessOthersHangAsync(Task wait, CancellationTokenSource giveUp)
    {
        while (true)
        {
            try
            {
                await wait.WaitAsync(_limit, time);
                return;
            }
            catch (TimeoutException) when (Hanging == 0)
            {
            }
            catch (TimeoutException)
            {
                // Awaited once more: what was given at the last moment is known to be given, and goes back.
                await giveUp.CancelAsync();
                await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new InferenceException(
                    InferenceFault.Overloaded, $"{Hanging} pictures take too long to decode and hold up the others.")
                {
                    RetryAfter = _limit,
                };
            }
        }
    }

    void Replace(WorkerThreads threads, Task decode)
    {
        Interlocked.Increment(ref _hanging);
        if (!threads.Hangs())
        {
            _ = ConcludeAsync(threads);
        }

        _ = decode.ContinueWith(
            _ =>
            {
                Interlocked.Decrement(ref _hanging);
                threads.Recovered();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    async Task ConcludeAsync(WorkerThreads threads)
    {
        long before = threads.Recoveries;
        await Task.Delay(s_forGood, time);
        if (threads.Recoveries == before)
        {
            _allHang.TrySetResult();
        }
    }

    /// <summary>The decode holds the bytes from here on, whoever else lets go of them.</summary>
    static Task<Decoded> Start(EncodedImage image, WorkerThreads threads, Func<Decoded> decode)
    {
        image.Retain();
        try
        {
            return threads.RunAsync(decode);
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    Decoded Decode(
        EncodedImage image, ImageHeader header, Budget.Grant pixels, IDisposable? slot, TaskCompletionSource started,
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
            slot?.Dispose();
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
