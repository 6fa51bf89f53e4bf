using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Ocr;

/// <summary>
/// Picture to the corners of its text lines with PaddleOCR's DB detector: scaled with Lanczos to multiples of 32, into the tensor that the
/// graph takes, run, boxes around the blobs of the map, reading order.
/// </summary>
/// <remarks>Known difference: a picture so long that it would pass OcrOptions.MaxPixels is scaled down further.</remarks>
public sealed class TextDetector : IDisposable
{
    public const double DefaultMinScore = 0.5;
    public const int DefaultMaxResolution = 736;

    const int Multiple = TextScale.Multiple;

    readonly ModelKey _key;
    readonly ModelSession _session;
    readonly PictureInput _input;
    readonly PixelLayout _format;
    readonly OcrOptions _options;
    readonly OcrRules _rules;

    TextDetector(ModelKey key, ModelSession session, PictureInput input, OcrOptions options, OcrRules rules)
    {
        _key = key;
        _session = session;
        _input = input;
        _options = options;
        _rules = rules;
        _format = new PixelLayout(rules.StandardizePicture()) { IsBlueFirst = true, FloatPadding = rules.CanvasFill };
    }

    /// <exception cref="ModelException">The model is missing or is no text detector.</exception>
    public static TextDetector Load(ModelKey key, ModelStore store, SessionFactory sessions, OcrOptions options, OcrRules rules) =>
        sessions.Load(key, Path.Combine(store.Find(key), ModelStore.ModelFileName), session =>
            PictureInput.Of(session) is { Batch: <= 1, Height: <= 0, Width: <= 0 } input
                ? new TextDetector(key, session, input, options, rules)
                : throw key.Unusable($"is no text detector: {PictureInput.Expected} in, height and width free."));

    /// <summary>In reading order; empty for a picture with a side under 32 pixels.</summary>
    /// <exception cref="InferenceException">The whole map is NaN.</exception>
    public IReadOnlyList<TextLine> Detect(Bitmap bitmap, TaskArguments arguments, StageClock clock, CancellationToken cancellation)
    {
        if (Math.Min(bitmap.Width, bitmap.Height) < Multiple)
        {
            return [];
        }

        (int planeWidth, int planeHeight, int width, int height) =
            CanvasOf(bitmap.Width, bitmap.Height, arguments.MaxResolution ?? DefaultMaxResolution);
        using var tensor = new PictureTensor(_input, _format, 1, planeWidth, planeHeight);
        clock.Start(Stage.Preprocess);
        if ((planeWidth, planeHeight) != (width, height))
        {
            tensor.Clear(0);
        }

        var whole = new PixelRectangle(0, 0, width, height);
        SideBySide.RunRows(height, band => tensor.WriteResized(bitmap, width, height, ResampleFilter.Lanczos, whole, band));

        var settings = new TextBoxSettings(arguments.MinScore ?? DefaultMinScore) 
        {
            ScoreMode = arguments.ScoreMode, Growth = _rules.Growth,
        };
        (int Width, int Height) source = (bitmap.Width, bitmap.Height);
        clock.Start(Stage.Inference);
        return _session.Run(
            tensor.Feed,
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

    /// <summary>The tensor's picture, and how much of it is the picture's own.</summary>
    TextCanvas CanvasOf(int width, int height, int maxResolution)
    {
        if (_options.IsBucketed && _rules.SideRounding == SideRounding.Once)
        {
            int most = (int)Math.Sqrt(_options.MaxPixels / 2) / Multiple * Multiple;
            int side = Math.Clamp((maxResolution + Multiple - 1) / Multiple * Multiple, Multiple, Math.Max(Multiple, most));
            return TextScale.PlanFixed(width, height, side);
        }

        (int wide, int high) = Plan(width, height, maxResolution, _options.MaxPixels, _rules.SideRounding);
        return _options.IsBucketed ? new(ShapeBuckets.RoundUp(wide), ShapeBuckets.RoundUp(high), wide, high) : new(wide, high, wide, high);
    }

    /// <summary>The size that the model sees: the shorter side at most maxResolution, both a multiple of 32.</summary>
    static (int Width, int Height) Plan(int width, int height, int maxResolution, int maxPixels, SideRounding rounding)
    {
        double ratio = Math.Min((double)maxResolution / Math.Min(width, height), 1);
        (int wide, int high) = rounding == SideRounding.Once ? TextScale.Plan(width, height, maxResolution)
            : (RoundSide((int)(width * ratio)), RoundSide((int)(height * ratio)));
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
