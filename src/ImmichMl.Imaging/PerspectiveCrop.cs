using ImmichMl.Imaging.Warping;

namespace ImmichMl.Imaging;

/// <summary>
/// Cuts a quad out of a picture and straightens it, as Pillow's Image.transform with PERSPECTIVE and BICUBIC does, RGB24 to RGB24: equal to
/// the last bit for the same coefficients.
/// </summary>
/// <remarks>
/// Known difference: the coefficients' last bits are not NumPy's (2.7: by singular values; 3.3: by LAPACK): bytes move by at most 1.
/// </remarks>
public static class PerspectiveCrop
{
    /// <summary>The longer of the opposite sides in pixels, cut to whole numbers.</summary>
    public static (int Width, int Height) Size(in Quad quad) => (
        (int)MathF.Max(Distance(quad.TopRight, quad.TopLeft), Distance(quad.BottomRight, quad.BottomLeft)),
        (int)MathF.Max(Distance(quad.TopLeft, quad.BottomLeft), Distance(quad.TopRight, quad.BottomRight)));

    /// <summary>
    /// False where there is nothing to cut: a side under one pixel, corners on one line, coordinates that are no numbers, or more pixels
    /// than four times those of the picture, which no quad inside of it needs.
    /// </summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="quad">May reach out of the picture; what lies outside is black.</param>
    /// <param name="crop">The caller's to dispose of.</param>
    /// <param name="precision">What the coefficients are solved in.</param>
    public static bool TryApply(
        Bitmap source, in Quad quad, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Bitmap? crop,
        SolvePrecision precision = SolvePrecision.InDouble)
    {
        ArgumentNullException.ThrowIfNull(source);
        crop = null;
        var (width, height) = Size(quad);
        if (width < 1 || height < 1 || !IsFinite(quad) || (double)width * height > Math.Max(4.0 * source.Width * source.Height, 1 << 16)
            || !(precision == SolvePrecision.InSingle
                ? PerspectiveMatrix.TrySolveRectangle(width, height, quad, out var matrix)
                : PerspectiveMatrix.TryMapRectangle(width, height, quad, out matrix)))
        {
            return false;
        }

        crop = Bitmap.Allocate(width, height);
        BicubicPass.Run(source, matrix, crop);
        return true;
    }

    static bool IsFinite(in Quad quad)
    {
        var sum = quad.TopLeft.X + quad.TopLeft.Y + quad.TopRight.X + quad.TopRight.Y
            + quad.BottomRight.X + quad.BottomRight.Y + quad.BottomLeft.X + quad.BottomLeft.Y;
        return float.IsFinite(sum);
    }

    static float Distance(Point2 a, Point2 b) => MathF.Sqrt(((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)));
}
