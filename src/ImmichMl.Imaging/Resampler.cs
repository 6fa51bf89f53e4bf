using ImmichMl.Imaging.Resampling;

namespace ImmichMl.Imaging;

/// <summary>Pillow's antialiased filters; the support is in source pixels, and grows with the scale where a picture shrinks.</summary>
public enum ResampleFilter
{
    /// <summary>A triangle, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic convolution with a = -0.5, support 2.</summary>
    Bicubic,

    /// <summary>A sinc in a sinc of three lobes, support 3.</summary>
    Lanczos,

    /// <summary>The pixel that lies under the middle; nothing is antialiased.</summary>
    Nearest,

    /// <summary>The mean of what a pixel covers, support 0.5.</summary>
    Box,

    /// <summary>A sinc in a Hamming window, support 1.</summary>
    Hamming,
}

/// <summary>
/// Pillow's Image.resize with reducing_gap=None, RGB24 to RGB24, equal to the last bit: separable, horizontal pass first, each pass rounded
/// to 8 bits; a side that keeps its length is not filtered.
/// </summary>
/// <remarks>No known difference; a math library whose sine is off by more than 2^-23 would make one.</remarks>
public static class Resampler
{
    /// <summary>Resizes the whole; the bitmap is the caller's to dispose of.</summary>
    public static Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter) =>
        Resize(source, width, height, filter, new(0, 0, width, height));

    /// <summary>Resizes to width x height, but computes only the region of it; time and memory follow the region.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the whole resized picture.</param>
    /// <param name="height">Of the whole resized picture.</param>
    /// <param name="filter">Along both sides.</param>
    /// <param name="region">Of the whole resized picture; it becomes the whole of the result.</param>
    /// <exception cref="ArgumentOutOfRangeException">The region is empty or reaches out of the resized picture.</exception>
    public static Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region) =>
        Resize(source, width, height, filter, region, KernelPaths.Best);

    internal static unsafe Bitmap Resize(
        Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, KernelPath path)
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
