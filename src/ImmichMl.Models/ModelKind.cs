namespace ImmichMl.Models;

/// <summary>A task and a type of it, as Immich names them on the wire: together they say what a model is for.</summary>
public sealed record ModelKind(string Task, string Type)
{
    public static readonly ModelKind ClipVisual = new("clip", "visual");
    public static readonly ModelKind ClipTextual = new("clip", "textual");
    public static readonly ModelKind FaceDetection = new("facial-recognition", "detection");
    public static readonly ModelKind FaceRecognition = new("facial-recognition", "recognition");
    public static readonly ModelKind TextDetection = new("ocr", "detection");
    public static readonly ModelKind TextRecognition = new("ocr", "recognition");

    /// <summary>The one table of kinds, with the words that descriptions of settings have for a kind's models and for their work.</summary>
    static readonly (ModelKind Kind, string Models, string Work)[] s_table =
    [
        (ClipVisual, "CLIP image models", "CLIP's image models"),
        (ClipTextual, "CLIP text models", "CLIP's text models"),
        (FaceDetection, "face detectors", "face detection"),
        (FaceRecognition, "face recognizers", "face recognition"),
        (TextDetection, "text detectors", "finding text"),
        (TextRecognition, "text recognizers", "reading text"),
    ];

    /// <summary>In the order in which they are listed everywhere.</summary>
    public static IReadOnlyList<ModelKind> All { get; } = [.. s_table.Select(row => row.Kind)];

    /// <summary>The kind whose output this one works on; null when it works on the image or text itself.</summary>
    public ModelKind? DependsOn => this == FaceRecognition ? FaceDetection : this == TextRecognition ? TextDetection : null;

    /// <summary>What its models are called: "face detectors".</summary>
    public string Models => Row.Models;

    /// <summary>What they do: "face detection".</summary>
    public string Work => Row.Work;

    /// <exception cref="InvalidOperationException">It is none of <see cref="All"/>.</exception>
    (ModelKind Kind, string Models, string Work) Row
    {
        get
        {
            ModelKind kind = this;
            return s_table.First(row => row.Kind == kind);
        }
    }

    public override string ToString() => $"{Task} {Type}";
}
