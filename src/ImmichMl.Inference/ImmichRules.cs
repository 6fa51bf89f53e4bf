namespace ImmichMl.Inference;

/// <summary>
/// What two generations of Immich do differently with the same picture and the same model (BEHAVIOUR.md, BEHAVIOUR-3.3.md). Each encoder,
/// detector and recognizer is given its part when it is loaded; what is not here is the same in both.
/// </summary>
public sealed record ImmichRules
{
    public const string Older = "2.7";
    public const string Newer = "3.3";

    public static ImmichRules Immich27 { get; } = new()
    {
        Name = Older,
        Clip = new() { FollowsResizeMode = false, Standardize = (mean, std) => new StandardizeTable(mean, std) },
        Faces = new()
        {
            Letterbox = LetterboxRounding.QuotientFirst, Overlap = BoxOverlap.WithEdges, Alignment = SolvePrecision.InDouble,
            GraphMayNormalize = true, Standardize = () => StandardizeTable.OnBytes(127.5f, 127.5f),
        },
        Ocr = new()
        {
            // 0.5 was meant for values up to 1; Immich subtracted it from bytes, and the model does well with it.
            StandardizePicture = () => StandardizeTable.OnBytes(0.5f, 127.5f), CanvasFill = 0,
            SideRounding = SideRounding.WholePixelsFirst,
            Growth = TextBoxGrowth.Polygon, CropPrecision = SolvePrecision.InDouble, Lines = LineLayout.BatchAsWideAsItsWidest,
            StandardizeLine = () => new StandardizeTable([0.5f, 0.5f, 0.5f], [0.5f, 0.5f, 0.5f]), RoundsScores = true,
        },
    };

    public static ImmichRules Immich33 { get; } = new()
    {
        Name = Newer,
        Clip = new() { FollowsResizeMode = true, Standardize = (mean, std) => StandardizeTable.ByFactors(mean, std) },
        Faces = new()
        {
            Letterbox = LetterboxRounding.ProductFirst, Overlap = BoxOverlap.Exact, Alignment = SolvePrecision.InSingle,
            GraphMayNormalize = false, Standardize = () => StandardizeTable.Scaled(1 / 127.5f, 1),
        },
        Ocr = new()
        {
            StandardizePicture = () => StandardizeTable.Scaled(1 / 127.5f, 1), CanvasFill = -1, SideRounding = SideRounding.Once,
            Growth = TextBoxGrowth.Rectangle, CropPrecision = SolvePrecision.InSingle, Lines = LineLayout.EachItsOwnWidth,
            StandardizeLine = () => StandardizeTable.Scaled(1 / 127.5f, 1), RoundsScores = false,
        },
    };

    /// <summary>As the setting calls them.</summary>
    public required string Name { get; init; }

    public required ClipRules Clip { get; init; }

    public required FaceRules Faces { get; init; }

    public required OcrRules Ocr { get; init; }

    /// <param name="name"><see cref="Older"/> or <see cref="Newer"/>.</param>
    public static ImmichRules Named(string name) => name == Older ? Immich27 : Immich33;
}

/// <summary>Of pictures for CLIP; texts are the same in both.</summary>
public sealed record ClipRules
{
    /// <summary>resize_mode and interpolation of preprocess_cfg.json count; else every model gets shortest and bicubic.</summary>
    public required bool FollowsResizeMode { get; init; }

    /// <summary>What float graphs are fed, of mean and standard deviation; three values each, red first, on the scale 0 to 1.</summary>
    public required Func<float[], float[], StandardizeTable> Standardize { get; init; }
}

/// <summary>Of faces. Detectors' float graphs are fed (v - 127.5) / 128 in both: v / 128 - 0.99609375 is the same number.</summary>
public sealed record FaceRules
{
    public required LetterboxRounding Letterbox { get; init; }

    public required BoxOverlap Overlap { get; init; }

    /// <summary>What the transform of the landmarks is calculated in.</summary>
    public required SolvePrecision Alignment { get; init; }

    /// <summary>A recognizer's graph that begins with its own Sub and Mul is fed bytes.</summary>
    public required bool GraphMayNormalize { get; init; }

    /// <summary>What all others of its float graphs are fed.</summary>
    public required Func<StandardizeTable> Standardize { get; init; }
}

/// <summary>How the overlap of two boxes is calculated: intersection over union.</summary>
public enum BoxOverlap
{
    /// <summary>In float32, areas with both edge pixels, as InsightFace.</summary>
    WithEdges,

    /// <summary>In double and without them, then rounded to float32 as OpenCV's cv2.dnn.NMSBoxes does.</summary>
    Exact,
}

/// <summary>Of text. A detector's scoreMode counts only where boxes grow as polygons.</summary>
public sealed record OcrRules
{
    /// <summary>What a detector's float graph is fed, blue first.</summary>
    public required Func<StandardizeTable> StandardizePicture { get; init; }

    /// <summary>What it is fed right of the picture and below where shapes are few.</summary>
    public required float CanvasFill { get; init; }

    public required SideRounding SideRounding { get; init; }

    public required TextBoxGrowth Growth { get; init; }

    /// <summary>What the perspective of a line is solved in.</summary>
    public required SolvePrecision CropPrecision { get; init; }

    public required LineLayout Lines { get; init; }

    /// <summary>What a recognizer's float graph is fed, blue first.</summary>
    public required Func<StandardizeTable> StandardizeLine { get; init; }

    /// <summary>Scores of texts have five digits; else they are float32 as they come.</summary>
    public required bool RoundsScores { get; init; }
}

/// <summary>How a side that was scaled becomes a multiple of 32, and what shapes there are where few are wanted.</summary>
public enum SideRounding
{
    /// <summary>Cut to whole pixels, then rounded; to eighths of a power of two.</summary>
    WholePixelsFirst,

    /// <summary>Rounded as it is; on one of nine canvases.</summary>
    Once,
}

/// <summary>Which lines a recognizer reads in one run, and in which width.</summary>
public enum LineLayout
{
    /// <summary>Six of similar width, as wide as the widest of them.</summary>
    BatchAsWideAsItsWidest,

    /// <summary>One, with a quarter of its width beside it; where shapes are few, six in the narrowest width that holds them.</summary>
    EachItsOwnWidth,
}
