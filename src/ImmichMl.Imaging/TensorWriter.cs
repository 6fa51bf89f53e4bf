namespace ImmichMl.Imaging;

/// <summary>
/// Turns RGB24 (NHWC, uint8) into the planes of one picture of an NCHW float32 tensor, with the values of a <see cref="StandardizeTable"/>.
/// All functions throw ArgumentOutOfRangeException where the picture, the rows or the region do not fit the planes.
/// </summary>
public static class TensorWriter
{
    /// <summary>Writes the whole picture, red first.</summary>
    /// <param name="bitmap">Width times height is the size of a plane.</param>
    /// <param name="table">What a byte becomes.</param>
    /// <param name="tensor">Exactly three planes.</param>
    public static void WriteStandardized(Bitmap bitmap, StandardizeTable table, Span<float> tensor)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        WriteTopLeft(bitmap, table, new TensorPlanes(tensor, bitmap.Width, bitmap.Height));
    }

    /// <summary>Writes the picture into the top left of planes that may be larger; what it does not cover is left as it is.</summary>
    /// <param name="bitmap">At most as large as a plane.</param>
    /// <param name="table">What a byte becomes.</param>
    /// <param name="planes">Where to.</param>
    public static void WriteTopLeft(Bitmap bitmap, StandardizeTable table, in TensorPlanes planes)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitmap.Height, planes.Height);
        for (var y = 0; y < bitmap.Height; y++)
        {
            planes.Write(y, bitmap.Row(y), table);
        }
    }

    /// <summary><see cref="Letterbox"/> and standardizing: the picture at the top left, what black becomes everywhere else.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="plan">Of the letterbox; it fits into a plane.</param>
    /// <param name="table">What a byte becomes; its channels are the same.</param>
    /// <param name="planes">Where to.</param>
    /// <param name="rows">Which rows of the planes to write: several threads may write one each.</param>
    public static void WriteLetterboxed(Bitmap source, in LetterboxPlan plan, StandardizeTable table, in TensorPlanes planes, RowBand rows)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Height, planes.Height);
        rows.CheckInside(planes.Height);
        var covered = rows.UpTo(plan.Height);
        if (covered.Count > 0)
        {
            using var scaled = Bitmap.Allocate(plan.Width, covered.Count);
            BilinearResizer.Resize(source, plan.Width, plan.Height, covered, scaled);
            for (var y = 0; y < covered.Count; y++)
            {
                planes.Write(covered.First + y, scaled.Row(y), table);
                planes.Fill(covered.First + y, 1, plan.Width, table.Black);
            }
        }

        planes.Fill(rows.First + covered.Count, rows.Count - covered.Count, 0, table.Black);
    }

    /// <summary>
    /// <see cref="Resampler.Resize(Bitmap, int, int, ResampleFilter, PixelRectangle)"/> and standardizing in one go, into the top left of
    /// the planes: no bitmap lies between.
    /// </summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the whole resized picture.</param>
    /// <param name="height">Of the whole resized picture.</param>
    /// <param name="filter">The resize's filter.</param>
    /// <param name="region">Of the whole resized picture; at most as large as a plane.</param>
    /// <param name="table">Mean and standard deviation.</param>
    /// <param name="planes">Where to.</param>
    /// <param name="rows">Which rows of the region to write: several threads may write one each.</param>
    public static void WriteResized(
        Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, StandardizeTable table, in TensorPlanes planes,
        RowBand rows) =>
        WriteResized(source, width, height, filter, region, table, planes, rows, KernelPaths.Best);

    internal static unsafe void WriteResized(
        Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, StandardizeTable table, in TensorPlanes planes,
        RowBand rows, KernelPath path)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(region.Height, planes.Height);
        rows.CheckInside(region.Height);
        var band = region with { Y = region.Y + rows.First, Height = rows.Count };
        using var resized = Resampler.Rows(source, width, height, filter, band, path);
        var stride = region.Width * Bitmap.BytesPerPixel;
        var row = ArrayPool<byte>.Shared.Rent(stride);
        fixed (byte* pixels = row)
        {
            for (var y = 0; y < rows.Count; y++)
            {
                resized.Write(y, pixels);
                planes.Write(rows.First + y, row.AsSpan(0, stride), table);
            }
        }

        ArrayPool<byte>.Shared.Return(row);
    }
}
