using System.Diagnostics;
using ImmichMl.Benchmarks.Daemon;
using ImmichMl.Benchmarks.Residency;
using ImmichMl.Client;
using ImmichMl.Inference.Sessions;
using ImmichMl.Protocol.Messages;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Benchmarks.Overhead;

/// <summary>
/// A page's model time beside what the original's shapes and batches cost: ONNX Runtime alone with the original's two threads, on the
/// published models, the same tensors, one batch after another. In turns, so that both see the same machine.
/// </summary>
static class LineRuns
{
    const int Rounds = 30;
    const int WarmUp = 3;

    public static byte[] Page(Workload work) => File.ReadAllBytes(Path.Combine(work.Corpus, "text", "rapidocr_ch_en_num.jpg"));

    public static async Task RunAsync(Workload work)
    {
        RuntimeLibrary.DisableTelemetry();
        byte[] picture = Page(work);
        PageTensors page = PageTensors.Of(picture, work.Cache);
        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient client = Workload.Connect(daemon);
        using InferenceSession detector = Open(work, "detection"), recognizer = Open(work, "recognition");
        var (found, read, ours) = (new List<double>(), new List<double>(), new List<double>());
        int texts = 0;
        for (int round = -WarmUp; round < Rounds; round++)
        {
            double detection = Time(() => Run(detector, page.Detection));
            double recognition = Time(() => page.Batches.ForEach(batch => Run(recognizer, batch)));
            PredictResult answer = await client.PredictAsync(Workload.OcrRequest(picture));
            texts = answer.Ocr!.Text!.Count;
            if (round >= 0)
            {
                found.Add(detection);
                read.Add(recognition);
                ours.Add(answer.Timings.Inference);
            }
        }

        double bare = new Figures(found.Zip(read, (one, other) => one + other)).At(0.5), daemons = new Figures(ours).At(0.5);
        string shapes = string.Join(", ", page.Batches.Select(batch => $"{batch.Dimensions[0]} × {batch.Dimensions[^1]}"));
        ResidencyReport.Row("shapes: the detector's, lines × width of the recognizer's batches", $"{page.Detection.Dimensions[^1]} × {page.Detection.Dimensions[^2]}; {shapes}");
        ResidencyReport.Row("ONNX Runtime alone on the original's shapes and batches, p50: detection, recognition, both", $"{new Figures(found).At(0.5):0.0}, {new Figures(read).At(0.5):0.0}, {bare:0.0} ms");
        ResidencyReport.Row("model time in the daemon, p50", $"{daemons:0.0} ms, {texts} texts");
        ResidencyReport.Row("ratio", $"{daemons / bare:0.000}");
    }

    static InferenceSession Open(Workload work, string type)
    {
        using SessionOptions options = AsTheOriginal();
        return new InferenceSession(Path.Combine(work.Cache, "ocr", Workload.Ocr, type, "model.onnx"), options);
    }

    /// <summary>Two threads that wait awake within a run, as is ONNX Runtime's own choice; not after it, because the other side's turn is next.</summary>
    internal static SessionOptions AsTheOriginal()
    {
        var options = new SessionOptions { IntraOpNumThreads = Math.Min(2, Environment.ProcessorCount), InterOpNumThreads = 1 };
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        return options;
    }

    static void Run(InferenceSession session, RunInput input)
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input.Values, input.Dimensions);
        using var options = new RunOptions();
        session.Run(options, [session.InputNames[0]], [value], [session.OutputNames[0]]).Dispose();
    }

    static double Time(Action run)
    {
        long since = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }
}
