using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>Every model loaded and used; then they are left alone past their time. What stays of the daemon's own memory?</summary>
static class IdleMemory
{
    public static async Task RunAsync(Workload work)
    {
        using DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_MODEL_TTL", "3"), ("MACHINE_LEARNING_MODEL_TTL_POLL_S", "1"));
        long start = daemon.Status("RssAnon");
        await using MlClient client = Workload.Connect(daemon);
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => client.PredictAsync((i % 4) switch
        {
            0 => work.ImageRequest(),
            1 => work.Query(),
            2 => Workload.FaceRequest(work.Pictures[i % work.Pictures.Length]),
            _ => Workload.OcrRequest(work.Pictures[i % work.Pictures.Length]),
        })));
        long loaded = daemon.Status("RssAnon");
        while ((await client.GetModelsAsync()).Models.Any(model => model.State is "loaded" or "loading"))
        {
            await Task.Delay(500);
        }

        await Task.Delay(TimeSpan.FromSeconds(15));
        long after = daemon.Status("RssAnon");
        ResidencyReport.Row("RssAnon at the start / all loaded and used / 15 s after the last was unloaded", $"{start / 1000.0:0.0} / {loaded / 1000.0:0.0} / {after / 1000.0:0.0} MB");
        ResidencyReport.Row("over the start", $"{(after - start) / 1000.0:0.0} MB");
    }
}
