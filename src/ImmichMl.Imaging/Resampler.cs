using ImmichMl.Imaging.Resampling;

namespace ImmichMl.Imaging;

public enum ResampleFilter
{
    Bilinear,
    Bicubic,
    Lanczos,
}

/// <summary>
/// Pillow's antialiased resize, equal to the last bit: separable, horizontal pass first, each pass rounded to 8 bits.
/// No known difference; a math library whose sine is off by more than 2^-23 would make one.
/// </summary>
public static class Resampler
{
    public static Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter) =>
        Resize(source, width, height, filter, new(0, 0, width, height));

    /// <summary>Resizes to width x height, but computes only the region of it; time and memory follow the region.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the whole resized picture.</param>
    /// <param name="height">Of the whole resized picture.</param>
    /// <param name="filter">Bilinear, bicubic with a = -0.5, or Lanczos of three lobes.</param>
    /// <param name="region">Of the whole resized picture; it becomes the whole of the result.</param>
    public static Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region) =>
        Resize(source, width, height, filter, region, KernelPaths.Best);

    internal static unsafe Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, KernelPath path)
    {
        using var rows = Rows(source, width, height, filter, region, path);
        var target = Bitmap.Allocate(region.Width, region.Height);
        fixed (byte* to = target.Pixels)
        {
            for (var y = 0; y < region.Height; y++)
            {
                rows.Write(y, to + ((nint)y * target.Stride));
            }
        }

        return target;
    }

    internal static RowResampler Rows(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, KernelPath path)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckInside(region.X, region.Width, width);
        CheckInside(region.Y, region.Height, height);
        return new(source, width, height, filter, region, path);
    }

    static void CheckInside(int start, int length, int side)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, side - length);
    }
}
