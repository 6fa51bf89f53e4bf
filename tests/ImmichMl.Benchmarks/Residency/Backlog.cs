namespace ImmichMl.Benchmarks.Residency;

/// <summary>Eight streams of pictures saturate the machine while somebody searches twice a second.</summary>
static class Backlog
{
    const int Streams = 8;

    static readonly TimeSpan s_phase = TimeSpan.FromSeconds(40);

    public static async Task RunAsync(Workload work)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient searching = Workload.Connect(daemon);
        await work.PrepareAsync(searching, Workload.Visual(), Workload.Textual());
        await searching.PredictAsync(work.ImageRequest());
        await QueriesAsync(work, searching, TimeSpan.FromSeconds(3));

        Figures idle = await QueriesAsync(work, searching, s_phase);
        double alone = await ImagesAsync(work, daemon, () => Task.Delay(s_phase));
        Figures busy = new([]);
        double beside = await ImagesAsync(work, daemon, async () => busy = await QueriesAsync(work, searching, s_phase));
        ResidencyReport.Row(
            "queries on an idle machine", $"p50 {idle.At(0.5):0.0} / p95 {idle.At(0.95):0.0} / max {idle.At(1):0.0} ms, {idle.Count}");
        ResidencyReport.Row(
            "queries beside 8 image streams", $"p50 {busy.At(0.5):0.0} / p95 {busy.At(0.95):0.0} / max {busy.At(1):0.0} ms, {busy.Count}");
        ResidencyReport.Row("p95 over p95", $"{busy.At(0.95) / idle.At(0.95):0.00}");
        ResidencyReport.Row("images alone, beside queries", $"{alone:0.0}/s, {beside:0.0}/s: {beside / alone:0.00}");
    }

    /// <summary>Two a second, whether the last was answered or not.</summary>
    static async Task<Figures> QueriesAsync(Workload work, MlClient client, TimeSpan duration)
    {
        var open = new List<Task<double>>();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        for (long since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < duration;)
        {
            await tick.WaitForNextTickAsync();
            open.Add(TimeAsync(work, client));
        }

        return new Figures(await Task.WhenAll(open));
    }

    static async Task<double> TimeAsync(Workload work, MlClient client)
    {
        long since = Stopwatch.GetTimestamp();
        await client.PredictAsync(work.Query());
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    /// <returns>Pictures a second while <paramref name="meanwhile"/> goes on.</returns>
    static async Task<double> ImagesAsync(Workload work, DaemonProcess daemon, Func<Task> meanwhile)
    {
        await using MlClient client = Workload.Connect(daemon);
        using var stop = new CancellationTokenSource();
        int done = 0;
        Task[] streams = [.. Enumerable.Range(0, Streams).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                await client.PredictAsync(work.ImageRequest());
                Interlocked.Increment(ref done);
            }
        })];
        await Task.Delay(2000);
        (int before, long since) = (done, Stopwatch.GetTimestamp());
        await meanwhile();
        double rate = (done - before) / Stopwatch.GetElapsedTime(since).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(streams);
        return rate;
    }
}
