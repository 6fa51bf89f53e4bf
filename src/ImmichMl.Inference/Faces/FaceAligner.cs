namespace ImmichMl.Inference.Faces;

/// <summary>Turns and scales a face so that its landmarks lie where ArcFace was taught to expect them: a square of 112 pixels.</summary>
public static class FaceAligner
{
    public const int Side = 112;

    static readonly Point2[] s_template =
        [new(38.2946f, 51.6963f), new(73.5318f, 51.5014f), new(56.0252f, 71.7366f), new(41.5493f, 92.3655f), new(70.7299f, 92.2041f)];

    /// <summary>Landmarks that coincide say nothing of the face: the result then has one colour.</summary>
    /// <returns>The caller's to dispose of.</returns>
    public static Bitmap Align(Bitmap bitmap, ReadOnlySpan<Point2> landmarks, SolvePrecision precision)
    {
        _ = SimilarityTransform.TryEstimate(landmarks, s_template, out AffineMatrix matrix, precision);
        return AffineWarp.Warp(bitmap, matrix, Side, Side);
    }
}
