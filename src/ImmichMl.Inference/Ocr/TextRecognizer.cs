using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Text lines to texts with PaddleOCR's recognizer: each line cut out and straightened, standing ones turned, scaled to 48 pixels of
/// height, at the left of an input as wide as the rules say, run, CTC. On the CPU each line is a run of its own, several side by side.
/// </summary>
/// <remarks>Known difference: a line over 200 times as long as high is squeezed to that under 2.7's rules.</remarks>
public sealed class TextRecognizer : IDisposable
{
    public const double DefaultMinScore = 0.9;

    // Middle grey.
    const byte PixelPadding = 127;

    readonly ModelSession _session;
    readonly PictureInput _input;
    readonly PixelLayout _format;
    readonly CtcHead _head;
    readonly OcrOptions _options;
    readonly OcrRules _rules;
    readonly int _batchSize;

    TextRecognizer(ModelKey key, ModelSession session, PictureInput input, CtcDecoder decoder, OcrOptions options, OcrRules rules)
    {
        _session = session;
        _input = input;
        _format = new PixelLayout(rules.StandardizeLine()) { IsBlueFirst = true, PixelPadding = PixelPadding };
        _head = new CtcHead(key, session, decoder);
        _options = options;
        _rules = rules;
        _batchSize = input.Batch > 0 ? 1 : options.ChosenBatchSize;
    }

    /// <exception cref="ModelException">The model is missing, has no characters, or is no text recognizer.</exception>
    public static TextRecognizer Load(ModelKey key, ModelStore store, SessionFactory sessions, OcrOptions options, OcrRules rules)
    {
        string folder = store.Find(key);
        return sessions.Load(key, Path.Combine(folder, ModelStore.ModelFileName), session =>
            PictureInput.Of(session) is { Batch: <= 1, Height: <= 0 or TextLineShape.Height, Width: <= LineRuns.MostWidth } input
                ? new TextRecognizer(
                    key, session, input, new CtcDecoder(CharacterList.Read(key, session, folder), rules.RoundsScores), options, rules)
                : throw key.Unusable($"is no text recognizer: {PictureInput.Expected}, {TextLineShape.Height} high in."));
    }

    /// <summary>The lines whose text scores over the threshold, with it, in the order in which they came.</summary>
    /// <exception cref="InferenceException">The model answers with NaN throughout.</exception>
    public IReadOnlyList<TextLine> Recognize(
        Bitmap bitmap, IReadOnlyList<TextLine> lines, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        clock.Start(Stage.Preprocess);
        double[] ratios = [.. lines.Select(line => RatioOf(line.Corners))];
        var read = new (string Text, double Score)[lines.Count];
        Array.Fill(read, ("", 0));
        IEnumerable<LineRun> runs = LineRuns.Of(ratios, _rules.Lines, _batchSize, _input.Width, _options.IsBucketed);
        foreach (LineRun[] some in _session.RunsSideBySide ? LineRuns.SideBySide(runs) : runs.Select(run => new[] { run }))
        {
            cancellation.ThrowIfCancellationRequested();
            Read(bitmap, lines, some, read, clock, cancellation);
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
        return width < 1 || height < 1 ? 0 : TextLineShape.Of(width, height).Ratio;
    }

    void Read(
        Bitmap bitmap, IReadOnlyList<TextLine> lines, LineRun[] runs, (string Text, double Score)[] read, StageClock clock,
        CancellationToken cancellation)
    {
        var tensors = new PictureTensor?[runs.Length];
        try
        {
            for (int i = 0; i < runs.Length; i++)
            {
                tensors[i] = new PictureTensor(_input, _format, runs[i].Rows, runs[i].Width, TextLineShape.Height);
            }

            clock.Start(Stage.Preprocess);
            (int Run, int Row)[] rows = [.. runs.SelectMany((run, i) => Enumerable.Range(0, run.Rows).Select(row => (i, row)))];
            SideBySide.Run(rows.Length, i => Write(bitmap, lines, runs[rows[i].Run].Lines, tensors[rows[i].Run]!, rows[i].Row));
            clock.Start(Stage.Inference);
            clock.Runs += runs.Length - 1;
            SideBySide.RunModels(runs.Length, i =>
            {
                (string Text, double Score)[] some =
                    _head.Run(_session, tensors[i]!.Feed, runs[i].Rows, runs[i].Lines.Length, cancellation);
                for (int line = 0; line < some.Length; line++)
                {
                    read[runs[i].Lines[line]] = some[line];
                }
            });
        }
        finally
        {
            Array.ForEach(tensors, tensor => tensor?.Dispose());
        }
    }

    /// <summary>A line at the left of its row of the tensor; padding alone where there is none or it cannot be cut out.</summary>
    void Write(Bitmap bitmap, IReadOnlyList<TextLine> lines, int[] numbers, PictureTensor tensor, int row)
    {
        using Bitmap? line = row < numbers.Length ? LineOf(bitmap, lines[numbers[row]].Corners, tensor.Width, _rules.CropPrecision) : null;
        if (line is null)
        {
            tensor.Clear(row);
        }
        else
        {
            tensor.Write(row, line);
        }
    }

    /// <summary>The line as it is read, 48 pixels high; null where it cannot be cut out.</summary>
    internal static Bitmap? LineOf(Bitmap bitmap, in Quad corners, int mostWidth, SolvePrecision precision)
    {
        if (!PerspectiveCrop.TryApply(bitmap, corners, out Bitmap? crop, precision))
        {
            return null;
        }

        TextLineShape shape = TextLineShape.Of(crop.Width, crop.Height);
        if (shape.IsTurned)
        {
            using Bitmap standing = crop;
            crop = Rotation.CounterClockwise(standing);
        }

        using Bitmap line = crop;
        return BilinearResizer.Resize(line, shape.TextWidth(mostWidth), TextLineShape.Height);
    }

    public void Dispose() => _session.Dispose();
}
