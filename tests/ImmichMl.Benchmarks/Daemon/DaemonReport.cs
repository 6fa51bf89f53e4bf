using System.Diagnostics;
using System.Globalization;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>The foundation's figures: size, start, memory, overhead, and how it bears peers that misbehave.</summary>
static class DaemonReport
{
    const int Starts = 15;
    const int Requests = 2000;

    public static async Task RunAsync(string binary, string? cache, bool storms)
    {
        Row("size of the binary", $"{new FileInfo(binary).Length:N0} bytes");
        var starts = new List<double>();
        for (int i = 0; i < Starts + 1; i++)
        {
            using DaemonProcess once = await DaemonProcess.StartAsync(binary, cache);
            starts.Add(once.ToFirstPing.TotalMilliseconds);
        }

        // The first brings the files into the page cache.
        Row($"start to first ping, median of {Starts}", string.Create(CultureInfo.InvariantCulture, $"{new Figures(starts.Skip(1)).At(0.5):0.0} ms"));
        using DaemonProcess daemon = await DaemonProcess.StartAsync(binary, cache);
        Row("RSS before any model", $"{daemon.Status("VmRSS"):N0} kB, anonymous {daemon.Status("RssAnon"):N0} kB");
        await OverheadAsync(daemon);
        Row("RSS after that", $"{daemon.Status("VmRSS"):N0} kB");
        if (storms)
        {
            await StormsAsync(daemon, cache);
        }
    }

    static async Task StormsAsync(DaemonProcess daemon, string? cache)
    {
        int descriptors = daemon.Descriptors;
        byte[] image = Picture(64 * 1024);
        await UnderAsync(daemon, "500 peers announce 128 MiB, send 64 KiB, vanish", () => Storm.VanishAsync(daemon.SocketPath, 500, 64 * 1024));
        await UnderAsync(daemon, "500 peers announce 128 MiB, send 64 MiB, vanish", () => Storm.VanishAsync(daemon.SocketPath, 500, 64 * 1024 * 1024));
        await UnderAsync(daemon, "1,000 requests pipelined, 1 MB each", () => PipelineAsync(daemon, Picture(1_000_000), null));
        if (cache is not null)
        {
            await UnderAsync(daemon, "1,000 clip.visual requests pipelined", () => PipelineAsync(daemon, image, "ViT-B-32__openai"));
        }

        await UnderAsync(daemon, "a peer that never reads, 5 s", () => Storm.NeverReadAsync(daemon.SocketPath, image, TimeSpan.FromSeconds(5)));
        await Task.Delay(12_000);
        Row("descriptors before, after", $"{descriptors}, {daemon.Descriptors}");
        Row("RSS 12 s after the storms", $"{daemon.Status("VmRSS"):N0} kB, anonymous {daemon.Status("RssAnon"):N0} kB, {daemon.Threads} threads");
    }

    /// <summary>A 1 MB image whose header alone is looked at: what the socket, the frames and the copies cost.</summary>
    static async Task OverheadAsync(DaemonProcess daemon)
    {
        await using var client = new MlClient(new MlClientOptions { SocketPath = daemon.SocketPath });
        byte[] image = Picture(1_000_000);
        Row("ping", (await MeasureAsync(() => client.PingAsync())).ToString());
        Row("1 MB image, empty tasks", (await MeasureAsync(() => client.PredictAsync(Storm.Request(image, null)))).ToString());
    }

    static async Task<Figures> MeasureAsync(Func<Task> call)
    {
        var milliseconds = new List<double>();
        for (int i = 0; i < Requests + 200; i++)
        {
            long since = Stopwatch.GetTimestamp();
            await call();
            milliseconds.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }

        return new Figures(milliseconds.Skip(200));
    }

    static async Task PipelineAsync(DaemonProcess daemon, byte[] image, string? model)
    {
        (int results, int errors) = await Storm.PipelineAsync(daemon.SocketPath, 1000, image, model);
        Row("  answered", $"{results} results, {errors} errors");
    }

    static async Task UnderAsync(DaemonProcess daemon, string what, Func<Task> storm)
    {
        using PingProbe probe = await PingProbe.StartAsync(daemon.SocketPath);
        long since = Stopwatch.GetTimestamp();
        await storm();
        double seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        string pings = await probe.FinishAsync();
        Row(what, string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s; ping {pings}; RSS {daemon.Status("VmRSS"):N0} kB, high water {daemon.Status("VmHWM"):N0} kB"));
    }

    /// <summary>A BMP of 8 × 8 pixels with bytes after it: valid to the header check, as large as asked for.</summary>
    public static byte[] Picture(int length)
    {
        byte[] bmp = new byte[length];
        "BM"u8.CopyTo(bmp);
        BitConverter.TryWriteBytes(bmp.AsSpan(2), length);
        bmp[10] = 54;
        bmp[14] = 40;
        bmp[18] = bmp[22] = 8;
        bmp[26] = 1;
        bmp[28] = 24;
        return bmp;
    }

    static void Row(string what, string figure) => Console.WriteLine($"| {what} | {figure} |");
}
