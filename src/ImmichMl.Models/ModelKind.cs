namespace ImmichMl.Models;

/// <summary>A task and a type of it, as Immich names them on the wire: together they say what a model is for.</summary>
public readonly record struct ModelKind(string Task, string Type)
{
    public static readonly ModelKind ClipVisual = new("clip", "visual");
    public static readonly ModelKind ClipTextual = new("clip", "textual");
    public static readonly ModelKind FaceDetection = new("facial-recognition", "detection");
    public static readonly ModelKind FaceRecognition = new("facial-recognition", "recognition");
    public static readonly ModelKind TextDetection = new("ocr", "detection");
    public static readonly ModelKind TextRecognition = new("ocr", "recognition");

    public static IReadOnlyList<ModelKind> All { get; } =
        [ClipVisual, ClipTextual, FaceDetection, FaceRecognition, TextDetection, TextRecognition];

    /// <summary>The kind whose output this one works on; null when it works on the image or text itself.</summary>
    public ModelKind? DependsOn => this == FaceRecognition ? FaceDetection : this == TextRecognition ? TextDetection : null;

    public override string ToString() => $"{Task} {Type}";
}
