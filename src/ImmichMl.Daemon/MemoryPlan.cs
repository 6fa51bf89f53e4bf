using ImmichMl.Daemon.Serving;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Daemon;

/// <summary>Limits that nobody has set follow from the memory that there is; with enough of it they are the defaults.</summary>
static class MemoryPlan
{
    // Of a picture's bitmap.
    const int BytesPerPixel = 3;

    // Of a pixel in flight.
    const int DecodingBytesPerPixel = 4;

    // Of a pixel that the text detector sees, and what it sees at least.
    const int DetectingBytesPerPixel = 190;
    const int LeastDetected = 4_194_304;

    const long LeastPixels = 10_000_000;
    const long LeastFrameBytes = 16 * 1024 * 1024;

    public static void Fit(DaemonOptions options, Settings settings, SystemMemory memory)
    {
        options.Runtime.AvailableMemory = static () => SystemMemory.Now().Available;
        long decoding = Math.Max(memory.Limit / 2, LeastPixels * DecodingBytesPerPixel);
        bool isMostGiven = settings.Gives<ImageLimits>(nameof(ImageLimits.MaxPixels));
        bool isSumGiven = settings.Gives<RuntimeOptions>(nameof(RuntimeOptions.PixelsInFlight));
        if (!isMostGiven && !isSumGiven)
        {
            options.Runtime.DecodeBytes = decoding;
        }

        if (!isMostGiven)
        {
            options.Images.MaxPixels = Math.Min(options.Images.MaxPixels, decoding / BytesPerPixel);
        }

        if (!isSumGiven)
        {
            options.Runtime.PixelsInFlight = Math.Min(options.Runtime.PixelsInFlight, decoding / DecodingBytesPerPixel);
        }

        if (!settings.Gives<OcrOptions>(nameof(OcrOptions.MaxPixels)))
        {
            long fitting = Math.Max(LeastDetected, memory.Limit / 4 / DetectingBytesPerPixel);
            options.Ocr.MaxPixels = (int)Math.Min(options.Ocr.MaxPixels, fitting);
        }

        if (!settings.Gives<RuntimeOptions>(nameof(RuntimeOptions.ArenaKeep)))
        {
            options.Runtime.ArenaKeep = Math.Min(options.Runtime.ArenaKeep, memory.Limit / 4);
        }

        if (!settings.Gives<ServeOptions>(nameof(ServeOptions.FrameBytesInFlight)))
        {
            options.Serve.FrameBytesInFlight = Math.Min(options.Serve.FrameBytesInFlight, Math.Max(LeastFrameBytes, memory.Limit / 8));
        }
    }

    public static string Describe(DaemonOptions options, SystemMemory memory) =>
        $"{memory.Limit / 1_000_000} MB{(memory.IsGroups ? " by a control group's limit" : "")}, {memory.Available / 1_000_000} MB "
        + $"available; pictures up to {options.Images.MaxPixels / 1_000_000d:0.#} megapixels"
        + (options.Runtime.DecodeBytes == long.MaxValue ? "" : $" and {options.Runtime.DecodeBytes / 1_000_000} MB while decoding")
        + $", {options.Runtime.PixelsInFlight / 1_000_000d:0.#} megapixels and {options.Serve.FrameBytesInFlight / 1_000_000} MB of "
        + $"frames at once; up to {options.Runtime.ArenaKeep / 1_000_000} MB stay for models between runs";
}
