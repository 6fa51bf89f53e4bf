namespace ImmichMl.Benchmarks.Residency;

/// <summary>Models with a free first axis, with and without pictures or texts that share runs: does it pay on this machine?</summary>
static class Batching
{
    const int Streams = 16;

    static readonly TimeSpan s_turn = TimeSpan.FromSeconds(8);

    static readonly int[] s_sizes = [1, 2, 4, 8, 1];

    public static async Task RunAsync(Workload work)
    {
        await RunAsync(work, "pictures", Workload.Visual(Workload.FreeBatch), () => work.ImageRequest(Workload.FreeBatch));
        await RunAsync(work, "texts", Workload.Textual(Workload.FreeBatch), () => work.Query(Workload.FreeBatch));
    }

    static async Task RunAsync(Workload work, string what, ModelAddress model, Func<PredictRequest> request)
    {
        foreach (int size in s_sizes)
        {
            using DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", $"{size}"));
            await using MlClient client = Workload.Connect(daemon);
            await work.PrepareAsync(client, model);
            await LoopAsync(client, request, TimeSpan.FromSeconds(2));
            List<double> milliseconds = await LoopAsync(client, request, s_turn);
            var figures = new Figures(milliseconds);
            ResidencyReport.Row(
                $"{what}, at most {size} in one run, {Streams} at once",
                $"{milliseconds.Count / s_turn.TotalSeconds:0.0}/s, p50 {figures.At(0.5):0} ms, p95 {figures.At(0.95):0} ms; RssAnon {
                daemon.Status("RssAnon") / 1000} MB");
        }
    }

    static async Task<List<double>> LoopAsync(MlClient client, Func<PredictRequest> request, TimeSpan duration)
    {
        var milliseconds = new List<double>();
        long since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(since) < duration)
            {
                long start = Stopwatch.GetTimestamp();
                await client.PredictAsync(request());
                lock (milliseconds)
                {
                    milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }));
        return milliseconds;
    }
}
