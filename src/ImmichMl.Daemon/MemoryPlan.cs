using ImmichMl.Daemon.Serving;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Daemon;

/// <summary>
/// Limits that nobody has set follow from the memory that there is; with enough of it they are the defaults. Of little memory, where
/// MACHINE_LEARNING_MEMORY_LIMIT is auto, each takes less than it could by itself, since all of them may come together.
/// </summary>
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

    const long Little = 6_000_000_000;

    // Of little memory, for each pixel of the largest picture; and what a picture may have even so, if decoding it fits at all.
    const int SharedBytesPerPixel = 16;
    const long LeastPicture = 50_000_000;
    const long Round = 10_000_000;

    public static void Fit(DaemonOptions options, Settings settings, SystemMemory memory)
    {
        options.Runtime.AvailableMemory = static () => SystemMemory.Now().Available;
        options.Residency.PlannedLimit = memory.Limit < Little ? memory.Limit / 2 : 0;
        bool isShared = options.Residency is { IsAuto: true, PlannedLimit: > 0 };
        if (isShared)
        {
            FitWork(options, settings, memory.Limit);
        }

        long decoding = Math.Max(memory.Limit / 2, LeastPixels * DecodingBytesPerPixel);
        long largest = isShared ? Math.Max(LeastPicture, memory.Limit / SharedBytesPerPixel / Round * Round) : long.MaxValue;
        bool isMostGiven = settings.Gives<ImageLimits>(nameof(ImageLimits.MaxPixels));
        bool isSumGiven = settings.Gives<RuntimeOptions>(nameof(RuntimeOptions.PixelsInFlight));
        if (!isMostGiven && !isSumGiven)
        {
            options.Runtime.DecodeBytes = decoding;
        }

        if (!isMostGiven)
        {
            options.Images.MaxPixels = Math.Min(options.Images.MaxPixels, Math.Min(largest, decoding / BytesPerPixel));
        }

        if (!isSumGiven)
        {
            options.Runtime.PixelsInFlight =
                Math.Min(options.Runtime.PixelsInFlight, Math.Min(largest, decoding / DecodingBytesPerPixel));
        }

        if (!settings.Gives<OcrOptions>(nameof(OcrOptions.MaxPixels)))
        {
            long fitting = Math.Max(LeastDetected, memory.Limit / 4 / DetectingBytesPerPixel);
            options.Ocr.MaxPixels = (int)Math.Min(options.Ocr.MaxPixels, fitting);
        }

        if (!settings.Gives<RuntimeOptions>(nameof(RuntimeOptions.ArenaKeep)))
        {
            options.Runtime.ArenaKeep = Math.Min(options.Runtime.ArenaKeep, memory.Limit / (isShared ? 8 : 4));
        }

        if (!settings.Gives<ServeOptions>(nameof(ServeOptions.FrameBytesInFlight)))
        {
            options.Serve.FrameBytesInFlight = Math.Min(
                options.Serve.FrameBytesInFlight, Math.Max(LeastFrameBytes, memory.Limit / (isShared ? 16 : 8)));
        }
    }

    /// <summary>How much is done at once, and how long a model stays without work.</summary>
    static void FitWork(DaemonOptions options, Settings settings, long limit)
    {
        if (!settings.Gives<RuntimeOptions>(nameof(RuntimeOptions.RequestThreads)))
        {
            int fitting = limit < 1_500_000_000 ? 1 : limit < 3_000_000_000 ? 2 : 4;
            options.Runtime.RequestThreads = Math.Min(options.Runtime.RequestThreads, fitting);
        }

        if (!settings.Gives<ResidencyOptions>(nameof(ResidencyOptions.ModelTtlSeconds)) && limit < 4_000_000_000)
        {
            options.Residency.ModelTtlSeconds = limit < 2_000_000_000 ? 60 : 120;
        }
    }

    /// <summary>In plain words, such as "1.0 GB: one picture of up to 60 megapixels at a time, models unload after 60 s".</summary>
    public static string InWords(DaemonOptions options, SystemMemory memory)
    {
        (ResidencyOptions residency, int requests) = (options.Residency, options.Runtime.RequestThreads);
        (double pixels, double most) = (options.Images.MaxPixels / 1e6, options.Runtime.PixelsInFlight / 1e6);
        int together = Math.Clamp((int)(most / pixels), 1, requests);
        string pictures = together == 1 ? "one picture" : $"{together} pictures";
        string smaller = together < requests ? $" ({requests} smaller ones)" : "";
        string models = residency.ModelTtlSeconds > 0 ? $"models unload after {residency.ModelTtlSeconds:0.###} s" : "models stay";
        string sooner = residency.MemoryLimitBytes > 0
            ? $", sooner past {residency.MemoryLimitBytes / 1_000_000} MB of the daemon's own memory" : "";
        string copies = options.Runtime.PrepareModels ? "weights are mapped from optimised copies" : "weights are held in memory";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{memory.Limit / 1e9:0.0} GB{(memory.IsGroups ? " by a control group's limit" : "")}: {pictures} of up to {pixels:0.#} ")
            + $"megapixels at a time{smaller}, {models}{sooner}, {copies}";
    }

    public static string Describe(DaemonOptions options, SystemMemory memory) =>
        $"{InWords(options, memory)}; {memory.Available / 1_000_000} MB available, "
        + (options.Runtime.DecodeBytes == long.MaxValue ? "" : $"{options.Runtime.DecodeBytes / 1_000_000} MB for decoding a picture, ")
        + $"{options.Runtime.PixelsInFlight / 1_000_000d:0.#} megapixels and {options.Serve.FrameBytesInFlight / 1_000_000} MB of "
        + $"frames at once; up to {options.Runtime.ArenaKeep / 1_000_000} MB stay for models between runs";
}
