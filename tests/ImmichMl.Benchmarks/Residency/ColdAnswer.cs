using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>From unloaded to the first answer, files in the page cache: prepared, plain, and the first ever while a copy is to be made.</summary>
static class ColdAnswer
{
    const int Rounds = 9;

    public static async Task RunAsync(Workload work)
    {
        float[] prepared;
        using (DaemonProcess daemon = await work.StartAsync())
        {
            await using MlClient client = Workload.Connect(daemon);
            await work.PrepareAsync(client, Workload.Visual(), Workload.Textual());
            prepared = (await client.PredictAsync(work.ImageRequest())).Clip!;
            await RowAsync("prepared: first image answer", client, Workload.Visual(), () => work.ImageRequest());
            await RowAsync("prepared: first text answer", client, Workload.Textual(), () => work.Query());
        }

        using (DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_PREPARE_MODELS", "false")))
        {
            await using MlClient client = Workload.Connect(daemon);
            float[] plain = (await client.PredictAsync(work.ImageRequest())).Clip!;
            ResidencyReport.Row("prepared against plain embedding, largest difference", $"{plain.Zip(prepared, (a, b) => Math.Abs(a - b)).Max():0.0e0}");
            await RowAsync("plain: first image answer", client, Workload.Visual(), () => work.ImageRequest());
            await RowAsync("plain: first text answer", client, Workload.Textual(), () => work.Query());
        }

        await FirstEverAsync(work);
    }

    static async Task RowAsync(string what, MlClient client, ModelAddress model, Func<PredictRequest> request)
    {
        var milliseconds = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            await client.UnloadAsync(model);
            milliseconds.Add(await TimeAsync(client, request()));
        }

        Row(what, milliseconds);
    }

    /// <summary>Two daemons in turns on a cache without copies, one that makes them and one that does not.</summary>
    static async Task FirstEverAsync(Workload work)
    {
        var (making, plain) = (new List<double>(), new List<double>());
        for (int i = 0; i < Rounds; i++)
        {
            (string, List<double>)[] turns = [("true", making), ("false", plain)];
            foreach ((string prepare, List<double> times) in i % 2 == 0 ? turns : turns.Reverse())
            {
                work.Forget(Workload.Visual());
                using DaemonProcess daemon = await work.StartAsync(("MACHINE_LEARNING_PREPARE_MODELS", prepare));
                await using MlClient client = Workload.Connect(daemon);
                times.Add(await TimeAsync(client, work.ImageRequest()));
            }
        }

        Row("first ever, a copy is to be made: image answer of a new process", making);
        Row("the same with PREPARE_MODELS=false", plain);
    }

    static async Task<double> TimeAsync(MlClient client, PredictRequest request)
    {
        long since = Stopwatch.GetTimestamp();
        await client.PredictAsync(request);
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    static void Row(string what, List<double> milliseconds)
    {
        var figures = new Figures(milliseconds);
        ResidencyReport.Row(what, $"p50 {figures.At(0.5):0} / min {figures.At(0):0} / max {figures.At(1):0} ms, {milliseconds.Count} times");
    }
}
