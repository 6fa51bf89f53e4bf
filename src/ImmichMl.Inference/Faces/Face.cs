namespace ImmichMl.Inference.Faces;

/// <summary>Corners in source pixels; they may lie outside the picture.</summary>
public readonly record struct FaceBox(float X1, float Y1, float X2, float Y2);

/// <summary>
/// What may be a face: row <paramref name="Row"/> of a detector's output for its stride number <paramref name="Output"/>.
/// </summary>
public readonly record struct FaceCandidate(FaceBox Box, float Score, int Output, int Row)
{
    /// <summary>Highest score first; equal ones as they stand in the outputs, so that they have one order everywhere.</summary>
    internal static int Compare(FaceCandidate one, FaceCandidate other)
    {
        int byScore = other.Score.CompareTo(one.Score);
        int byOutput = one.Output.CompareTo(other.Output);
        return byScore != 0 ? byScore : byOutput != 0 ? byOutput : one.Row.CompareTo(other.Row);
    }
}

/// <summary>One face.</summary>
/// <param name="Box">In source pixels, rounded to whole ones; it may reach out of the picture.</param>
/// <param name="Score">The detector's, 0 to 1.</param>
public sealed record Face(FaceBox Box, float Score)
{
    /// <summary>Left eye, right eye, nose, left and right corner of the mouth, in source pixels; null if the detector has none.</summary>
    public Point2[]? Landmarks { get; init; }

    /// <summary>
    /// As the recognizer gave it: ArcFace's 512 numbers, finite, of whatever norm. Null before recognition. The array may be used again
    /// (<see cref="EmbeddingPool"/>).
    /// </summary>
    public float[]? Embedding { get; init; }
}
