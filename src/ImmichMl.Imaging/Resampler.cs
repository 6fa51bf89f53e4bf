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
    public static Bitmap Resize(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckInside(region.X, region.Width, width);
        CheckInside(region.Y, region.Height, height);

        // As in Pillow, a side that keeps its length is not filtered at all.
        if (height == source.Height)
        {
            return Across(source, width, filter, region);
        }

        using var vertical = new ResampleWindows(source.Height, height, filter, region.Y, region.Height);
        if (width == source.Width && region.Width == width)
        {
            return VerticalPass.Run(source, vertical, firstRow: 0);
        }

        // Only the rows that the vertical pass reads.
        var rows = new PixelRectangle(region.X, vertical.First, region.Width, vertical.End - vertical.First);
        using var narrowed = Across(source, width, filter, rows);
        return VerticalPass.Run(narrowed, vertical, rows.Y);
    }

    static Bitmap Across(Bitmap source, int width, ResampleFilter filter, PixelRectangle region)
    {
        if (width == source.Width)
        {
            return Copy(source, region);
        }

        using var horizontal = new ResampleWindows(source.Width, width, filter, region.X, region.Width);
        return HorizontalPass.Run(source, horizontal, region.Y, region.Height);
    }

    static Bitmap Copy(Bitmap source, PixelRectangle region)
    {
        var copy = Bitmap.Allocate(region.Width, region.Height);
        for (var y = 0; y < region.Height; y++)
        {
            source.Row(region.Y + y).Slice(region.X * Bitmap.BytesPerPixel, copy.Stride).CopyTo(copy.Row(y));
        }

        return copy;
    }

    static void CheckInside(int start, int length, int side)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, side - length);
    }
}
