using ImmichMl.Imaging;

namespace ImmichMl.Inference.Faces;

/// <summary>Corners in source pixels; they may lie outside the picture.</summary>
public readonly record struct FaceBox(float X1, float Y1, float X2, float Y2);

/// <summary>One face: left eye, right eye, nose, left and right corner of the mouth are its landmarks, where the detector gives them.</summary>
public sealed record Face(FaceBox Box, float Score)
{
    public Point2[]? Landmarks { get; init; }

    /// <summary>As the recognizer gave it; null before recognition.</summary>
    public float[]? Embedding { get; init; }
}
