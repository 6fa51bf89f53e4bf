namespace ImmichMl.Imaging;

/// <summary>
/// The rotation, uniform scale and shift that brings one set of points closest to another (least squares), as scikit-image's
/// SimilarityTransform finds it by Umeyama's method. Never mirrors.
/// </summary>
/// <remarks>
/// In the plane the best rotation has a closed form, so there is no singular value decomposition.
/// Known difference: scikit-image works in single precision where the landmarks are single, here all is double: about 1e-4 pixels.
/// </remarks>
public static class SimilarityTransform
{
    /// <summary>False where there is none: all points coincide, no rotation is best, or a coordinate is not finite.</summary>
    /// <param name="from">At least one point, in pixels.</param>
    /// <param name="to">As many.</param>
    /// <param name="matrix">From the first to the second.</param>
    public static bool TryEstimate(ReadOnlySpan<Point2> from, ReadOnlySpan<Point2> to, out AffineMatrix matrix)
    {
        ArgumentOutOfRangeException.ThrowIfZero(from.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);

        var (fromX, fromY) = Mean(from);
        var (toX, toY) = Mean(to);
        double spread = 0, along = 0, across = 0;
        for (var i = 0; i < from.Length; i++)
        {
            double x = from[i].X - fromX, y = from[i].Y - fromY, u = to[i].X - toX, v = to[i].Y - toY;
            spread += (x * x) + (y * y);
            along += (x * u) + (y * v);
            across += (x * v) - (y * u);
        }

        double cosine = along / spread, sine = across / spread;
        matrix = new(
            cosine, -sine, toX - ((cosine * fromX) - (sine * fromY)),
            sine, cosine, toY - ((sine * fromX) + (cosine * fromY)));
        return (cosine != 0 || sine != 0) && double.IsFinite(matrix.X) && double.IsFinite(matrix.Y);
    }

    static (double X, double Y) Mean(ReadOnlySpan<Point2> points)
    {
        double x = 0, y = 0;
        foreach (var point in points)
        {
            x += point.X;
            y += point.Y;
        }

        return (x / points.Length, y / points.Length);
    }
}
