using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Text lines to texts with PaddleOCR's recognizer: each line cut out and straightened, standing ones turned, scaled to 48 pixels of
/// height, in batches of similar width as wide as their widest, blue first, (v / 255 − 0.5) / 0.5, run, CTC.
/// </summary>
/// <remarks>Known difference: a line over 200 times as long as high is squeezed to that.</remarks>
public sealed class TextRecognizer : IDisposable
{
    public const double DefaultMinScore = 0.9;

    const int Height = 48;
    const int LeastWidth = 320;
    const int MostWidth = 200 * Height;

    // Floats of one run's input: what is beyond goes line by line, at the same width, so that the numbers stay.
    const int MostInput = 6 * 3 * Height * 3200;

    static readonly StandardizeTable s_table = new([0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]);

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly CtcDecoder _decoder;
    readonly OcrOptions _options;
    readonly int _batchSize;
    readonly int _fixedWidth;

    TextRecognizer(ModelKey key, ModelSession session, CtcDecoder decoder, OcrOptions options, int batch, int width)
    {
        _key = key;
        _session = session;
        _decoder = decoder;
        _options = options;
        _batchSize = batch > 0 ? 1 : options.ChosenBatchSize;
        _fixedWidth = width;
    }

    /// <exception cref="ModelException">The model is missing, has no characters, or is no text recognizer.</exception>
    public static TextRecognizer Load(ModelKey key, ModelStore store, SessionFactory sessions, OcrOptions options)
    {
        string folder = store.Find(key);
        return sessions.Load(key, Path.Combine(folder, ModelStore.ModelFileName), session =>
            session.Inputs is
                [{
                    ElementType: TensorElementType.Float or TensorElementType.Float16,
                    Dimensions: [<= 1 and var batch, -1 or 3, -1 or Height, <= MostWidth and var width],
                }]
                ? new TextRecognizer(key, session, new CtcDecoder(CharacterList.Read(key, session, folder)), options, batch, width)
                : throw key.Unusable($"is no text recognizer: one float tensor of [n, 3, {Height}, width] in."));
    }

    /// <summary>The lines whose text scores over the threshold, with it, in the order in which they came.</summary>
    /// <exception cref="InferenceException">The model answers with NaN throughout.</exception>
    public IReadOnlyList<TextLine> Recognize(
        Bitmap bitmap, IReadOnlyList<TextLine> lines, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        clock.Start(Stage.Preprocess);
        (int Index, double Ratio)[] sorted = [.. lines.Select((line, index) => (index, RatioOf(line.Corners))).OrderBy(line => line.Item2)];
        var read = new (string Text, double Score)[lines.Count];
        for (int start = 0; start < sorted.Length; start += _batchSize)
        {
            (int Index, double Ratio)[] batch = sorted[start..Math.Min(start + _batchSize, sorted.Length)];
            int width = WidthOf(batch[^1].Ratio);
            int together = Math.Clamp(MostInput / (3 * Height * width), 1, batch.Length);
            for (int i = 0; i < batch.Length; i += together)
            {
                cancellation.ThrowIfCancellationRequested();
                int[] some = [.. batch[i..Math.Min(i + together, batch.Length)].Select(line => line.Index)];
                ReadBatch(bitmap, lines, some, width, read, clock, cancellation);
            }
        }

        clock.Start(Stage.Postprocess);
        clock.LeftOut += read.Count(line => !double.IsFinite(line.Score));
        double minScore = arguments.MinScore ?? DefaultMinScore;
        return [.. lines.Select((line, i) => line with { Text = read[i].Text, TextScore = read[i].Score })
            .Where(line => line.TextScore > minScore && double.IsFinite(line.TextScore.Value))];
    }

    /// <summary>Width over height of the cut-out line as it is read; 0 where there is nothing to cut out.</summary>
    internal static double RatioOf(in Quad corners)
    {
        (int width, int height) = PerspectiveCrop.Size(corners);
        return width < 1 || height < 1 ? 0 : IsStanding(width, height) ? (double)height / width : (double)width / height;
    }

    static bool IsStanding(int width, int height) => height / (double)width >= 1.5;

    int WidthOf(double widest)
    {
        int width = (int)Math.Min(Height * Math.Max(widest, LeastWidth / (double)Height), MostWidth);
        return _fixedWidth > 0 ? _fixedWidth : _options.IsBucketed ? ShapeBuckets.RoundUp(width) : width;
    }

    void ReadBatch(
        Bitmap bitmap, IReadOnlyList<TextLine> lines, int[] some, int width, (string Text, double Score)[] read, StageClock clock,
        CancellationToken cancellation)
    {
        int lineLength = 3 * Height * width;

        // Bucketed, the last batch is filled up with empty lines; their answers are of no interest.
        int rows = _options.IsBucketed && _batchSize > 1 ? Math.Min(_batchSize, Math.Max(1, MostInput / lineLength)) : some.Length;
        using var tensor = new TensorBuffer(rows * lineLength);
        clock.Start(Stage.Preprocess);
        SideBySide.Run(rows, i =>
        {
            Span<float> row = tensor.Part(i * lineLength, lineLength);
            row.Clear();
            if (i < some.Length)
            {
                Write(bitmap, lines[some[i]].Corners, width, row);
            }
        });

        clock.Start(Stage.Inference);
        _ = _session.Run(
            tensor.Memory, [rows, 3, Height, width],
            (values, dimensions) =>
            {
                clock.Start(Stage.Postprocess);
                int classes = Check(dimensions, rows);
                int length = values.Length / rows;
                int unsound = 0;
                for (int i = 0; i < some.Length; i++)
                {
                    read[some[i]] = _decoder.Decode(values.Slice(i * length, length), classes);
                    unsound += double.IsFinite(read[some[i]].Score) ? 0 : 1;
                }

                if (unsound > 0)
                {
                    // NaN throughout says nothing, not even that no text stands there.
                    if (values.IndexOfAnyExcept(float.NaN) < 0)
                    {
                        throw InferenceException.NotFinite(_key);
                    }
                }

                return some.Length;
            },
            cancellation);
    }

    /// <summary>The line at the left of its row of the batch; nothing where it cannot be cut out.</summary>
    internal static void Write(Bitmap bitmap, in Quad corners, int width, Span<float> tensor)
    {
        if (!PerspectiveCrop.TryApply(bitmap, corners, out Bitmap? crop))
        {
            return;
        }

        if (IsStanding(crop.Width, crop.Height))
        {
            using Bitmap standing = crop;
            crop = Rotation.CounterClockwise(standing);
        }

        using Bitmap line = crop;
        int scaledWidth = Math.Clamp((int)Math.Ceiling(Height * (line.Width / (double)line.Height)), 1, width);
        using Bitmap scaled = BilinearResizer.Resize(line, scaledWidth, Height);
        TensorWriter.WriteTopLeft(scaled, s_table, new TensorPlanes(tensor, width, Height, blueFirst: true));
    }

    int Check(long[] dimensions, int rows) =>
        dimensions is [var first, _, var classes] && first == rows && classes > 1 && classes <= _decoder.Classes
        ? (int)classes
        : throw _key.Unusable($"answers {rows} lines with [{string.Join(", ", dimensions)}]; it has {_decoder.Classes} classes.");

    public void Dispose() => _session.Dispose();
}
