using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Client;
using ImmichMl.Inference.Sessions;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Benchmarks.Residency;

/// <summary>
/// End to end from an encoded picture, beside ONNX Runtime alone on the same cores: a loop of Run on a tensor that is there already,
/// and no picture to decode. In turns, so that both see the same machine.
/// </summary>
static class Throughput
{
    const int Rounds = 5;
    const int Streams = 8;

    static readonly TimeSpan s_turn = TimeSpan.FromSeconds(6);

    public static async Task RunAsync(Workload work)
    {
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        await work.PrepareAsync(client, Workload.Visual());
        RuntimeLibrary.DisableTelemetry();
        string model = Path.Combine(work.Cache, "clip", Workload.Clip, "visual", "model.onnx");
        var (bareMany, bareWide, bareAlone, ours, oursAlone) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        using (InferenceSession single = Open(model, 1), wide = Open(model, Environment.ProcessorCount))
        {
            for (int round = 0; round <= Rounds; round++)
            {
                bareMany.Add(Rate(await LoopAsync(Environment.ProcessorCount, () => Run(single))));
                ours.Add(Rate(await LoopAsync(Streams, () => client.PredictAsync(work.ImageRequest()))));
                bareWide.Add(Rate(await LoopAsync(1, () => Run(wide))));
                bareAlone.AddRange(round > 0 ? await LoopAsync(1, () => Run(wide)) : []);
                oursAlone.AddRange(round > 0 ? await LoopAsync(1, () => client.PredictAsync(work.ImageRequest())) : []);
            }
        }

        // The first round warms.
        var (many, two, daemonRate) = (bareMany.Skip(1).Average(), bareWide.Skip(1).Average(), ours.Skip(1).Average());
        ResidencyReport.Row("ONNX Runtime alone: a run of one thread on each core / one run on all", $"{many:0.0}/s / {two:0.0}/s");
        ResidencyReport.Row("the daemon, 8 at once", $"{daemonRate:0.0}/s");
        ResidencyReport.Row("over the better of the two", $"{daemonRate / Math.Max(many, two):0.000}");
        var (bare, alone) = (new Figures(bareAlone), new Figures(oursAlone));
        ResidencyReport.Row("one at a time: ONNX Runtime / the daemon, p50", $"{bare.At(0.5):0.0} ms / {alone.At(0.5):0.0} ms");
        ResidencyReport.Row("ratio", $"{alone.At(0.5) / bare.At(0.5):0.000}");
    }

    static double Rate(List<double> milliseconds) => milliseconds.Count / s_turn.TotalSeconds;

    static InferenceSession Open(string model, int threads)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        return new InferenceSession(model, options);
    }

    static Task Run(InferenceSession session)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(new float[3 * 224 * 224], [1, 3, 224, 224]);
        using var options = new RunOptions();
        session.Run(options, [session.InputNames[0]], [input], [session.OutputNames[0]]).Dispose();
        return Task.CompletedTask;
    }

    /// <summary>So many at once for one turn; a daemon's answer to come after it does not count.</summary>
    static async Task<List<double>> LoopAsync(int streams, Func<Task> call)
    {
        var milliseconds = new List<double>();
        long since = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(since) < s_turn)
            {
                long start = Stopwatch.GetTimestamp();
                await call();
                lock (milliseconds)
                {
                    if (Stopwatch.GetElapsedTime(since) < s_turn)
                    {
                        milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                }
            }
        })));
        return milliseconds;
    }
}
