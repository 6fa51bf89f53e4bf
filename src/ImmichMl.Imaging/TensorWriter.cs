using System.Buffers;
using ImmichMl.Imaging.Resampling;

namespace ImmichMl.Imaging;

/// <summary>Turns pixels into the NCHW float32 planes of a batch of one, rounding where NumPy's float32 rounds.</summary>
public static class TensorWriter
{
    /// <summary>Writes (v / 255 - mean) / std per channel.</summary>
    /// <param name="bitmap">The picture; width times height is the size of a plane.</param>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first.</param>
    /// <param name="tensor">Exactly three planes.</param>
    public static void WriteStandardized(Bitmap bitmap, ReadOnlySpan<float> mean, ReadOnlySpan<float> std, Span<float> tensor)
    {
        WriteStandardized(bitmap, new StandardizeTable(mean, std), tensor);
    }

    /// <param name="bitmap">The picture; width times height is the size of a plane.</param>
    /// <param name="table">What a byte becomes.</param>
    /// <param name="tensor">Exactly three planes, red first.</param>
    public static void WriteStandardized(Bitmap bitmap, StandardizeTable table, Span<float> tensor)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        ArgumentNullException.ThrowIfNull(table);
        var plane = bitmap.Width * bitmap.Height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);
        table.Write(bitmap.Pixels, tensor[..plane], tensor.Slice(plane, plane), tensor.Slice(2 * plane, plane));
    }

    /// <summary><see cref="Letterbox"/> and standardizing: the picture at the top left, what black becomes everywhere else.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="plan">Of the letterbox; it fits into a plane.</param>
    /// <param name="table">What a byte becomes; its channels are the same.</param>
    /// <param name="width">Of a plane.</param>
    /// <param name="height">Of a plane.</param>
    /// <param name="tensor">Exactly three planes, red first.</param>
    public static void WriteLetterboxed(Bitmap source, in LetterboxPlan plan, StandardizeTable table, int width, int height, Span<float> tensor)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Width, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Height, height);
        var plane = width * height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);
        Span<float> red = tensor[..plane], green = tensor.Slice(plane, plane), blue = tensor.Slice(2 * plane, plane);
        using var scaled = BilinearResizer.Resize(source, plan.Width, plan.Height);
        var black = table.Black;
        for (var y = 0; y < plan.Height; y++)
        {
            var at = y * width;
            table.Write(scaled.Row(y), red.Slice(at, plan.Width), green.Slice(at, plan.Width), blue.Slice(at, plan.Width));
            red[(at + plan.Width)..(at + width)].Fill(black);
            green[(at + plan.Width)..(at + width)].Fill(black);
            blue[(at + plan.Width)..(at + width)].Fill(black);
        }

        red[(plan.Height * width)..].Fill(black);
        green[(plan.Height * width)..].Fill(black);
        blue[(plan.Height * width)..].Fill(black);
    }

    /// <summary>Writes the picture into the top left of planes that may be larger, blue first, as models want it that were taught with OpenCV.</summary>
    /// <param name="bitmap">At most as large as a plane.</param>
    /// <param name="table">What a byte becomes; its channels are the same.</param>
    /// <param name="width">Of a plane.</param>
    /// <param name="height">Of a plane.</param>
    /// <param name="tensor">Exactly three planes; what the picture does not cover is left as it is.</param>
    public static void WriteBlueFirst(Bitmap bitmap, StandardizeTable table, int width, int height, Span<float> tensor)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitmap.Width, width);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitmap.Height, height);
        var plane = width * height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);
        Span<float> blue = tensor[..plane], green = tensor.Slice(plane, plane), red = tensor.Slice(2 * plane, plane);
        for (var y = 0; y < bitmap.Height; y++)
        {
            var at = y * width;
            table.Write(bitmap.Row(y), red.Slice(at, bitmap.Width), green.Slice(at, bitmap.Width), blue.Slice(at, bitmap.Width));
        }
    }

    /// <summary>
    /// <see cref="Resampler.Resize(Bitmap, int, int, ResampleFilter, PixelRectangle)"/> and standardizing in one go: no bitmap lies between.
    /// </summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the whole resized picture.</param>
    /// <param name="height">Of the whole resized picture.</param>
    /// <param name="filter">The resize's filter.</param>
    /// <param name="region">Of the whole resized picture; its width times its height is the size of a plane.</param>
    /// <param name="table">Mean and standard deviation.</param>
    /// <param name="tensor">Exactly three planes.</param>
    public static void WriteResized(
        Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, StandardizeTable table, Span<float> tensor) =>
        WriteResized(source, width, height, filter, region, table, tensor, ResamplePaths.Best);

    internal static unsafe void WriteResized(
        Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, StandardizeTable table, Span<float> tensor, ResamplePath path)
    {
        ArgumentNullException.ThrowIfNull(table);
        using var rows = Resampler.Rows(source, width, height, filter, region, path);
        var plane = region.Width * region.Height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);
        Span<float> red = tensor[..plane], green = tensor.Slice(plane, plane), blue = tensor.Slice(2 * plane, plane);
        var stride = region.Width * Bitmap.BytesPerPixel;
        var row = ArrayPool<byte>.Shared.Rent(stride);
        fixed (byte* pixels = row)
        {
            for (var y = 0; y < region.Height; y++)
            {
                rows.Write(y, pixels);
                var at = y * region.Width;
                table.Write(row.AsSpan(0, stride), red.Slice(at, region.Width), green.Slice(at, region.Width), blue.Slice(at, region.Width));
            }
        }

        ArrayPool<byte>.Shared.Return(row);
    }
}
