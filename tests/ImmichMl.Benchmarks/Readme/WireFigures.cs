namespace ImmichMl.Benchmarks.Readme;

/// <summary>What sockets, frames and copies cost, and what peers that misbehave do to others.</summary>
static class WireFigures
{
    const int WarmUp = 200;
    const int Peers = 500;

    /// <summary>A 1 MB image whose header alone is looked at, over the socket and over HTTP in turns.</summary>
    public static async Task<Row> CostAsync(ReleaseTree tree, Extent extent)
    {
        using var cache = new TemporaryFolder();
        using DaemonProcess daemon = await DaemonProcess.StartAsync(tree.Daemon, cache.Path);
        using GatewayProcess gateway = await GatewayProcess.StartAsync(tree.Gateway, daemon);
        await using var client = new MlClient(new MlClientOptions { SocketPath = daemon.SocketPath });
        byte[] image = Picture(1_000_000), request = GatewayProcess.Post(image);
        var (direct, through) = (new List<double>(), new List<double>());
        for (int i = -WarmUp; i < extent.Images; i++)
        {
            double one = await TimeAsync(() => client.PredictAsync(Storm.Request(image, null)));
            double other = await TimeAsync(() => gateway.AskAsync(request));
            if (i >= 0)
            {
                direct.Add(one);
                through.Add(other);
            }
        }

        var (socket, http) = (new Figures(direct), new Figures(through));
        return new Row(
            "a 1 MB image whose size alone is asked for (the cost of the wire)",
            $"over the socket p50 {socket.At(0.5):0.00}, p99 {socket.At(0.99):0.0} ms; "
                + $"over HTTP {http.At(0.5):0.00}, {http.At(0.99):0.0} ms");
    }

    /// <summary>Pings come from a process of their own.</summary>
    public static async Task<Row> StormAsync(ReleaseTree tree, Extent extent)
    {
        using var cache = new TemporaryFolder();
        using DaemonProcess daemon = await DaemonProcess.StartAsync(tree.Daemon, cache.Path);
        using PingProbe probe = await PingProbe.StartAsync(daemon.SocketPath);
        long since = Stopwatch.GetTimestamp();
        await Storm.VanishAsync(daemon.SocketPath, Peers, extent.SentOfStorm);
        double seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
        string pings = await probe.FinishAsync();
        double most = daemon.Process.MostMegabytes;
        await Task.Delay(TimeSpan.FromSeconds(12));
        return new Row(
            $"{Peers} peers that announce 128 MiB, send {extent.SentOfStorm / 1048576.0:0.##} MiB of it and vanish",
            $"{seconds:0.0} s; pings meanwhile {pings}; at most {most:0} MB resident, {daemon.Process.ResidentMegabytes:0} MB 12 s later");
    }

    static async Task<double> TimeAsync(Func<Task> call)
    {
        long since = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    /// <summary>A BMP of 8 × 8 pixels with bytes after it: valid to the header check, as large as asked for.</summary>
    static byte[] Picture(int length)
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
}
