using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Benchmarks.Residency;
using ImmichMl.Client;
using ImmichMl.Inference.Sessions;
using ImmichMl.Inference.Tokenizers;
using ImmichMl.Protocol.Messages;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Benchmarks.Overhead;

/// <summary>
/// A query's whole way through the daemon, from a prepared copy, beside what ONNX Runtime alone takes for the published graph with the
/// original's two threads and all its tokens. The same queries, in turns.
/// </summary>
static class QueryRuns
{
    const int Rounds = 100;
    const int WarmUp = 5;

    public static async Task RunAsync(Workload work)
    {
        RuntimeLibrary.DisableTelemetry();
        string folder = Path.Combine(work.Cache, "clip", Workload.Clip, "textual");
        Tokenizer tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        using SessionOptions options = LineRuns.AsTheOriginal();
        using var session = new InferenceSession(Path.Combine(folder, "model.onnx"), options);
        int tokens = session.InputMetadata[session.InputNames[0]].Dimensions[^1];
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        await work.PrepareAsync(client, Workload.Textual());
        var (bare, whole, model) = (new List<double>(), new List<double>(), new List<double>());
        double least = 1;
        for (int round = -WarmUp; round < Rounds; round++)
        {
            PredictRequest query = work.Query();
            (float[] wanted, double alone) = Run(session, tokenizer.Encode(query.Text!, tokens), tokens);
            long since = Stopwatch.GetTimestamp();
            PredictResult answer = await client.PredictAsync(query);
            double taken = Stopwatch.GetElapsedTime(since).TotalMilliseconds;
            least = Math.Min(least, System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<float>(wanted, answer.Clip));
            if (round >= 0)
            {
                bare.Add(alone);
                whole.Add(taken);
                model.Add(answer.Timings.Inference);
            }
        }

        double before = new Figures(bare).At(0.5), after = new Figures(whole).At(0.5);
        ResidencyReport.Row($"ONNX Runtime alone, {tokens} tokens, p50", $"{before:0.0} ms");
        ResidencyReport.Row("a query's answer from the daemon, p50, p95; model time, p50", $"{after:0.0}, {new Figures(whole).At(0.95):0.0}; {new Figures(model).At(0.5):0.0} ms");
        ResidencyReport.Row("ratio; least cosine of the embeddings", $"{after / before:0.000}; 1 - {1 - least:0.0e+0}");
    }

    static (float[] Embedding, double Milliseconds) Run(InferenceSession session, int[] ids, int tokens)
    {
        int[] padded = [.. ids, .. Enumerable.Repeat(ids[^1], tokens - ids.Length)];
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(padded, [1, tokens]);
        using var options = new RunOptions();
        long since = Stopwatch.GetTimestamp();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [session.InputNames[0]], [value], [session.OutputNames[0]]);
        return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }
}
