using ImmichMl.Imaging.Codecs;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Scheduling;

/// <summary>Holds a large picture back until there is memory for it: past a control group's limit the kernel ends the process.</summary>
sealed class DecodeAdmission(RuntimeOptions options, TimeProvider time)
{
    // Bytes of a decode below which nobody looks: a preview takes 5 MB, and a look takes a tenth of a millisecond.
    const long Large = 48_000_000;

    // For the request's tensors and for what other requests take meanwhile.
    const long Spare = 64_000_000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    readonly Budget _slot = new(1);

    /// <summary>The budget of all pictures together. Where a setting says how large one may be, it holds one of that size.</summary>
    public static long PixelsOf(RuntimeOptions options, ImageLimits limits) =>
        options.DecodeBytes == long.MaxValue ? Math.Max(options.PixelsInFlight, limits.MaxPixels) : options.PixelsInFlight;

    /// <summary>A share of the budget of pixels, which are 4 bytes each; never more than all of it.</summary>
    public static long Share(long bytes, in ImageHeader header, long total) =>
        Math.Min(total, Math.Max((long)header.Width * header.Height, bytes / 4));

    /// <summary>Bytes that decoding takes; 0 where it is so little that the image itself need not be looked at.</summary>
    public static long CostOf(EncodedImage image, in ImageHeader header, CodecChoice codec) =>
        (long)header.Width * header.Height * DecodeCost.MostBytesPerPixel < Large ? 0 : DecodeCost.Of(image.Bytes.Span, header, codec);

    /// <exception cref="ImageException">It can never be decoded here.</exception>
    public void Check(long bytes)
    {
        if (bytes > options.DecodeBytes)
        {
            throw new ImageException(
                ImageFault.TooLarge,
                $"Decoding the image takes {bytes} bytes; the limit is {options.DecodeBytes}, half of the memory here.");
        }
    }

    /// <returns>To be disposed at the decode's end; null where none has to wait for it.</returns>
    /// <exception cref="InferenceException">The memory does not suffice, also after a wait.</exception>
    public async Task<IDisposable?> EnterAsync(long bytes, CancellationToken cancellation)
    {
        if (bytes < Large || options.AvailableMemory() >= (bytes * (options.RequestThreads + 1)) + Spare)
        {
            return null;
        }

        // One at a time: what a decode has not touched yet still counts as available.
        Budget.Grant slot = _slot.Open();
        try
        {
            await slot.GrowAsync(1, cancellation);
            long since = time.GetTimestamp();
            if (options.AvailableMemory() < bytes + Spare)
            {
                OnnxSession.FreeMemory();
            }

            while (options.AvailableMemory() is var available && available < bytes + Spare)
            {
                if (time.GetElapsedTime(since) >= s_patience)
                {
                    throw new InferenceException(
                        InferenceFault.OutOfMemory, $"Decoding the image takes {bytes} bytes; {available} are available now.");
                }

                await Task.Delay(s_pause, time, cancellation);
            }

            return slot;
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }
}
