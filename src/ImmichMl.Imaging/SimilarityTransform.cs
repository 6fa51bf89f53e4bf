using System.Numerics;

namespace ImmichMl.Imaging;

/// <summary>
/// The rotation, uniform scale and shift that brings one set of points closest to another (least squares), as scikit-image's
/// SimilarityTransform finds it by Umeyama's method. Never mirrors.
/// </summary>
/// <remarks>
/// In the plane the best rotation has a closed form, so there is no singular value decomposition.
/// Known difference: scikit-image works in single precision where the landmarks are single, here all is double unless it is asked for:
/// about 1e-4 pixels.
/// </remarks>
public static class SimilarityTransform
{
    /// <summary>False where there is none: all points coincide, no rotation is best, or a coordinate is not finite.</summary>
    /// <param name="from">At least one point, in pixels.</param>
    /// <param name="to">As many.</param>
    /// <param name="matrix">From the first to the second.</param>
    /// <param name="precision">In single: means, covariance and rotation; scale and shift are double, the matrix float32.</param>
    public static bool TryEstimate(
        ReadOnlySpan<Point2> from, ReadOnlySpan<Point2> to, out AffineMatrix matrix, SolvePrecision precision = SolvePrecision.InDouble)
    {
        ArgumentOutOfRangeException.ThrowIfZero(from.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, from.Length);
        if (precision == SolvePrecision.InSingle)
        {
            matrix = EstimateSingle(from, to);
            return matrix is not { XX: 0, YX: 0 } && double.IsFinite(matrix.X) && double.IsFinite(matrix.Y);
        }

        var (fromX, fromY) = Mean<double>(from);
        var (toX, toY) = Mean<double>(to);
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

    static AffineMatrix EstimateSingle(ReadOnlySpan<Point2> from, ReadOnlySpan<Point2> to)
    {
        var (fromX, fromY) = Mean<float>(from);
        var (toX, toY) = Mean<float>(to);
        float spread = 0, xu = 0, xv = 0, yu = 0, yv = 0;
        for (var i = 0; i < from.Length; i++)
        {
            float x = from[i].X - fromX, y = from[i].Y - fromY, u = to[i].X - toX, v = to[i].Y - toY;
            spread += (x * x) + (y * y);
            (xu, xv, yu, yv) = (xu + (x * u), xv + (x * v), yu + (y * u), yv + (y * v));
        }

        float count = from.Length;
        double along = (double)(xu / count) + (yv / count), across = (double)(xv / count) - (yu / count);
        double length = Math.Sqrt((along * along) + (across * across)), scale = length / (spread / count);
        float cosine = (float)(along / length), sine = (float)(across / length);
        return new(
            (float)(scale * cosine), (float)(-scale * sine), (float)(toX - (scale * ((double)(cosine * fromX) - (sine * fromY)))),
            (float)(scale * sine), (float)(scale * cosine), (float)(toY - (scale * ((double)(sine * fromX) + (cosine * fromY)))));
    }

    /// <summary>Added and divided in that type.</summary>
    static (T X, T Y) Mean<T>(ReadOnlySpan<Point2> points)
        where T : INumberBase<T>
    {
        T x = T.Zero, y = T.Zero, count = T.CreateTruncating(points.Length);
        foreach (var point in points)
        {
            x += T.CreateTruncating(point.X);
            y += T.CreateTruncating(point.Y);
        }

        return (x / count, y / count);
    }
}
