using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Picture to the corners of its text lines with PaddleOCR's DB detector: scaled with Lanczos to multiples of 32, blue first,
/// (v − 0.5) / 127.5, run, boxes around the blobs of the map, reading order.
/// </summary>
/// <remarks>Known difference: a picture so long that it would pass OcrOptions.MaxPixels is scaled down further.</remarks>
public sealed class TextDetector : IDisposable
{
    public const double DefaultMinScore = 0.5;
    public const int DefaultMaxResolution = 736;

    const int Multiple = 32;

    // 0.5 was meant for values up to 1; the original subtracts it from bytes, and the model does well with it.
    internal static StandardizeTable Table { get; } = StandardizeTable.OnBytes(0.5f, 127.5f);

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly OcrOptions _options;

    TextDetector(ModelKey key, ModelSession session, OcrOptions options)
    {
        _key = key;
        _session = session;
        _options = options;
    }

    /// <exception cref="ModelException">The model is missing or is no text detector.</exception>
    public static TextDetector Load(ModelKey key, ModelStore store, SessionFactory sessions, OcrOptions options) => sessions.Load(
        key, Path.Combine(store.Find(key), ModelStore.ModelFileName), session =>
            session.Inputs is [{ ElementType: TensorElementType.Float or TensorElementType.Float16, Dimensions: [<= 1, -1 or 3, -1, -1] }]
                ? new TextDetector(key, session, options)
                : throw key.Unusable("is no text detector: one float tensor of [n, 3, height, width] in."));

    /// <summary>In reading order; empty for a picture with a side under 32 pixels.</summary>
    /// <exception cref="InferenceException">The whole map is NaN.</exception>
    public IReadOnlyList<TextLine> Detect(Bitmap bitmap, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        if (Math.Min(bitmap.Width, bitmap.Height) < Multiple)
        {
            return [];
        }

        (int width, int height) = Plan(bitmap.Width, bitmap.Height, arguments.MaxResolution ?? DefaultMaxResolution, _options.MaxPixels);
        int planeWidth = _options.IsBucketed ? ShapeBuckets.RoundUp(width) : width;
        int planeHeight = _options.IsBucketed ? ShapeBuckets.RoundUp(height) : height;
        int length = 3 * planeWidth * planeHeight;
        using var tensor = new TensorBuffer(length);
        clock.Start(Stage.Preprocess);
        if ((planeWidth, planeHeight) != (width, height))
        {
            tensor.GetSpan().Clear();
        }

        var whole = new PixelRectangle(0, 0, width, height);
        SideBySide.RunRows(height, band => TensorWriter.WriteResized(
            bitmap, width, height, ResampleFilter.Lanczos, whole, Table,
            new TensorPlanes(tensor.GetSpan(), planeWidth, planeHeight, blueFirst: true), band));

        var settings = new TextBoxSettings(arguments.MinScore ?? DefaultMinScore) { ScoreMode = arguments.ScoreMode };
        (int Width, int Height) source = (bitmap.Width, bitmap.Height);
        clock.Start(Stage.Inference);
        return _session.Run(
            tensor.Memory, [1, 3, planeHeight, planeWidth],
            (values, dimensions) =>
            {
                clock.Start(Stage.Postprocess);
                CheckMap(dimensions, planeWidth, planeHeight);
                if (!float.IsFinite(TensorPrimitives.MaxMagnitude(values)))
                {
                    if (values.IndexOfAnyExcept(float.NaN) < 0)
                    {
                        throw InferenceException.NotFinite(_key);
                    }

                    // What is NaN counts as no text, and a box whose score is not finite is not found.
                    clock.LeftOut++;
                }

                ReadOnlySpan<float> map = (planeWidth, planeHeight) == (width, height) ? values : Cut(values, planeWidth, width, height);
                return ReadingOrder.Sort(TextBoxes.Find(map, width, height, source.Width, source.Height, settings));
            },
            cancellation);
    }

    /// <summary>The size that the model sees: the shorter side at most maxResolution, both a multiple of 32.</summary>
    internal static (int Width, int Height) Plan(int width, int height, int maxResolution, int maxPixels)
    {
        double ratio = Math.Min((double)maxResolution / Math.Min(width, height), 1);
        (int wide, int high) = (RoundSide((int)(width * ratio)), RoundSide((int)(height * ratio)));
        if ((long)wide * high <= maxPixels)
        {
            return (wide, high);
        }

        // Rounded down, so that the limit holds.
        double shrink = Math.Sqrt(maxPixels / ((double)wide * high));
        wide = Math.Max(Multiple, (int)(wide * shrink) / Multiple * Multiple);
        high = Math.Max(Multiple, (int)(high * shrink) / Multiple * Multiple);
        return wide > high
            ? (Math.Min(wide, Math.Max(Multiple, maxPixels / high / Multiple * Multiple)), high)
            : (wide, Math.Min(high, Math.Max(Multiple, maxPixels / wide / Multiple * Multiple)));
    }

    static int RoundSide(int side) => Math.Max(Multiple, (int)Math.Round(side / (double)Multiple) * Multiple);

    void CheckMap(long[] dimensions, int width, int height)
    {
        if (dimensions is not [.., var high, var wide] || (wide, high) != (width, height) || dimensions[..^2].Any(size => size != 1))
        {
            throw _key.Unusable($"answers {width} × {height} pixels with a map of [{string.Join(", ", dimensions)}].");
        }
    }

    static float[] Cut(ReadOnlySpan<float> map, int mapWidth, int width, int height)
    {
        var cut = new float[width * height];
        for (int y = 0; y < height; y++)
        {
            map.Slice(y * mapWidth, width).CopyTo(cut.AsSpan(y * width));
        }

        return cut;
    }

    public void Dispose() => _session.Dispose();
}
