using ImmichMl.Imaging.Warping;

namespace ImmichMl.Imaging;

/// <summary>
/// OpenCV's cv2.resize with INTER_LINEAR, RGB24 to RGB24, equal to the last bit: not antialiased, 11-bit weights, and at exactly half the
/// size the mean of four pixels.
/// </summary>
/// <remarks>No known difference from OpenCV 4.6 without IPP.</remarks>
public static class BilinearResizer
{
    /// <summary>Resizes the whole; the bitmap is the caller's to dispose of.</summary>
    public static Bitmap Resize(Bitmap source, int width, int height)
    {
        var target = Bitmap.Allocate(width, height);
        try
        {
            Resize(source, width, height, target);
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    /// <summary>Resizes into the top left of <paramref name="target"/>; what lies right of it and below is left as it is.</summary>
    public static void Resize(Bitmap source, int width, int height, Bitmap target) =>
        Resize(source, width, height, new RowBand(0, height), target);

    /// <summary>Makes only some rows of the resized picture; they become the first of <paramref name="target"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all of the resized picture's, or do not fit the target.</exception>
    public static void Resize(Bitmap source, int width, int height, RowBand rows, Bitmap target) =>
        Resize(source, width, height, rows, target, KernelPaths.Best);

    /// <returns>The path that did the work; scalar where nothing is filtered, or less than a vector.</returns>
    internal static KernelPath Resize(Bitmap source, int width, int height, RowBand rows, Bitmap target, KernelPath path)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, target.Width);
        rows.CheckInside(height);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Count, target.Height);

        if ((source.Width, source.Height) == (width, height))
        {
            for (var y = 0; y < rows.Count; y++)
            {
                source.Row(rows.First + y).CopyTo(target.Row(y));
            }

            return KernelPath.Scalar;
        }

        if ((source.Width, source.Height) == (2L * width, 2L * height))
        {
            // At exactly half the size OpenCV takes the mean of four pixels instead.
            for (var y = 0; y < rows.Count; y++)
            {
                var upper = 2 * (rows.First + y);
                HalvePair(source.Row(upper), source.Row(upper + 1), target.Row(y)[..(width * Bitmap.BytesPerPixel)]);
            }

            return KernelPath.Scalar;
        }

        return BilinearPass.Run(source, width, height, rows, target, path);
    }

    static void HalvePair(ReadOnlySpan<byte> upper, ReadOnlySpan<byte> lower, Span<byte> to)
    {
        for (int x = 0, s = 0; x < to.Length; x += Bitmap.BytesPerPixel, s += 2 * Bitmap.BytesPerPixel)
        {
            for (var c = 0; c < Bitmap.BytesPerPixel; c++)
            {
                var left = s + c;
                var right = left + Bitmap.BytesPerPixel;
                to[x + c] = (byte)((upper[left] + upper[right] + lower[left] + lower[right] + 2) >> 2);
            }
        }
    }
}
