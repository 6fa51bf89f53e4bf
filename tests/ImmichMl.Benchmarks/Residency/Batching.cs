using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>A model with a free first axis, with and without pictures that ride together: does it pay on this machine?</summary>
static class Batching
{
    const int Streams = 16;

    static readonly TimeSpan s_turn = TimeSpan.FromSeconds(8);

    public static async Task RunAsync(Workload work)
    {
        foreach (int size in (int[])[1, 2, 4, 8, 1])
        {
            using DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", $"{size}"));
            await using MlClient client = Workload.Connect(daemon);
            await work.PrepareAsync(client, Workload.Visual(Workload.FreeBatch));
            await LoopAsync(work, client, TimeSpan.FromSeconds(2));
            List<double> milliseconds = await LoopAsync(work, client, s_turn);
            var figures = new Figures(milliseconds);
            ResidencyReport.Row($"at most {size} in one run, {Streams} at once", $"{milliseconds.Count / s_turn.TotalSeconds:0.0}/s, p50 {figures.At(0.5):0} ms; RssAnon {daemon.Status("RssAnon") / 1000} MB");
        }
    }

    static async Task<List<double>> LoopAsync(Workload work, MlClient client, TimeSpan duration)
    {
        var milliseconds = new List<double>();
        long since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(since) < duration)
            {
                long start = Stopwatch.GetTimestamp();
                await client.PredictAsync(work.ImageRequest(Workload.FreeBatch));
                lock (milliseconds)
                {
                    milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            }
        }));
        return milliseconds;
    }
}
