using ImmichMl.Imaging;
using ImmichMl.Inference;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;

namespace ImmichMl.Benchmarks.Overhead;

/// <summary>One run's input: [rows, 3, height, width].</summary>
sealed record RunInput(float[] Values, long[] Dimensions);

/// <summary>The tensors of one page as the original makes them: the detector's, and the recognizer's in batches of six sorted by aspect ratio.</summary>
sealed record PageTensors(RunInput Detection, List<RunInput> Batches)
{
    const int LineHeight = 48;
    const int LeastWidth = 320;
    const int BatchSize = 6;

    public static PageTensors Of(byte[] picture, string cache)
    {
        using Bitmap page = ImageDecoder.Decode(picture, ImageHeader.Read(picture, new ImageLimits()));
        (int width, int height) = TextDetector.Plan(page.Width, page.Height, TextDetector.DefaultMaxResolution, int.MaxValue);
        var detection = new RunInput(new float[3 * width * height], [1, 3, height, width]);
        using (Bitmap scaled = Resampler.Resize(page, width, height, ResampleFilter.Lanczos))
        {
            TensorWriter.WriteTopLeft(scaled, TextDetector.Table, new TensorPlanes(detection.Values, width, height, blueFirst: true));
        }

        IReadOnlyList<TextLine> lines = Find(page, cache);
        var batches = new List<RunInput>();
        foreach (TextLine[] batch in lines.OrderBy(line => TextRecognizer.RatioOf(line.Corners)).Chunk(BatchSize))
        {
            int wide = (int)(LineHeight * Math.Max(TextRecognizer.RatioOf(batch[^1].Corners), LeastWidth / (double)LineHeight));
            int length = 3 * LineHeight * wide;
            var input = new RunInput(new float[batch.Length * length], [batch.Length, 3, LineHeight, wide]);
            foreach ((int i, TextLine line) in batch.Index())
            {
                TextRecognizer.Write(page, line.Corners, wide, input.Values.AsSpan(i * length, length));
            }

            batches.Add(input);
        }

        return new PageTensors(detection, batches);
    }

    static IReadOnlyList<TextLine> Find(Bitmap page, string cache)
    {
        var key = new ModelKey(ModelKind.TextDetection, Residency.Workload.Ocr);
        using var detector = TextDetector.Load(key, new ModelStore(new ModelOptions { CacheFolder = cache }, new ModelCatalog()), new SessionFactory(new RuntimeOptions()), new OcrOptions());
        return detector.Detect(page, new TaskArguments(), new StageClock(TimeProvider.System), CancellationToken.None);
    }
}
