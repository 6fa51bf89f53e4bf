namespace ImmichMl.Benchmarks.Readme;

/// <summary>Start and memory of programs that have nothing to do, on an empty cache.</summary>
static class IdleFigures
{
    const string Memory = "memory before any model";

    /// <summary>Memory is given back 5 s after work, and starting is some.</summary>
    static readonly TimeSpan s_settled = TimeSpan.FromSeconds(10);

    /// <returns>Milliseconds to the first answered ping, median.</returns>
    public static async Task<double> StartAsync(ReleaseTree tree, int times)
    {
        var starts = new List<double>();
        using var cache = new TemporaryFolder();
        for (int i = 0; i <= times; i++)
        {
            using DaemonProcess once = await DaemonProcess.StartAsync(tree.Daemon, cache.Path);
            starts.Add(once.ToFirstPing.TotalMilliseconds);
        }

        // The first brings the files into the page cache.
        return new Figures(starts.Skip(1)).At(0.5);
    }

    public static async Task<Row> MemoryAsync(ReleaseTree tree)
    {
        using var cache = new TemporaryFolder();
        using DaemonProcess daemon = await DaemonProcess.StartAsync(tree.Daemon, cache.Path);
        await Task.Delay(s_settled);
        (double resident, double anonymous) = (daemon.Process.ResidentMegabytes, daemon.Process.AnonymousMegabytes);
        using GatewayProcess gateway = await GatewayProcess.StartAsync(tree.Gateway, daemon);
        await Task.Delay(s_settled);
        return new Row(
            Memory,
            $"`immich-ml` {resident:0.0} MB resident, {anonymous:0.0} MB of it anonymous; "
                + $"the gateway {gateway.Status.ResidentMegabytes:0.0} MB, {gateway.Status.AnonymousMegabytes:0.0} MB");
    }
}
