using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>What the daemon's own memory is with CLIP alone and with every model, after 200 requests each.</summary>
static class ResidentMemory
{
    const int Requests = 200;

    public static async Task RunAsync(Workload work)
    {
        await AfterAsync(work, "both b32 towers", i => i % 2 == 0 ? work.ImageRequest() : work.Query(), streams: 1);
        await AfterAsync(work, "both b32 towers, 8 at once", i => i % 2 == 0 ? work.ImageRequest() : work.Query(), streams: 8);
        await AfterAsync(work, "CLIP, faces and text", i => Mixed(work, i), streams: 1);
        await AfterAsync(work, "CLIP, faces and text, 8 at once", i => Mixed(work, i), streams: 8);
    }

    static PredictRequest Mixed(Workload work, int i) => (i % 4) switch
    {
        0 => work.ImageRequest(),
        1 => work.Query(),
        2 => Workload.FaceRequest(work.Pictures[i / 4 % work.Pictures.Length]),
        _ => Workload.OcrRequest(work.Pictures[i / 4 % work.Pictures.Length]),
    };

    static async Task AfterAsync(Workload work, string what, Func<int, PredictRequest> request, int streams)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        await work.PrepareAsync(client, Workload.Visual(), Workload.Textual());
        long most = 0;
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i <= Requests; i = Interlocked.Increment(ref next))
            {
                await client.PredictAsync(request(i));
                most = Math.Max(most, daemon.Status("RssAnon"));
            }
        }));
        long after = daemon.Status("RssAnon");
        await Task.Delay(TimeSpan.FromSeconds(12));
        ResidencyReport.Row(
            $"RssAnon, {what}, after {Requests} requests / most between two / 12 s later / RSS",
            $"{after / 1000} / {most / 1000} / {daemon.Status("RssAnon") / 1000} / {daemon.Status("VmRSS") / 1000} MB");
    }
}
