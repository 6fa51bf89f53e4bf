namespace ImmichMl.Imaging;

/// <summary>
/// One picture of an NHWC uint8 tensor, where it lies: rows of red, green, blue. What models of Immich 3.3's revision
/// v2 are fed; scaling is in their graph. All functions throw ArgumentOutOfRangeException where a picture does not fit.
/// </summary>
public readonly unsafe ref struct PixelTensor
{
    readonly Span<byte> _bytes;

    /// <summary>Over memory that stays the caller's.</summary>
    /// <param name="tensor">Exactly 3 · width · height bytes.</param>
    /// <param name="width">Of the picture that the model sees.</param>
    /// <param name="height">Of the picture that the model sees.</param>
    public PixelTensor(Span<byte> tensor, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.ByteCount(width, height, Bitmap.BytesPerPixel));
        _bytes = tensor;
        Width = width;
        Height = height;
    }

    /// <summary>In pixels.</summary>
    public int Width { get; }

    /// <summary>In pixels.</summary>
    public int Height { get; }

    /// <summary>Writes a bitmap into the top left, and <paramref name="padding"/> right of it and below.</summary>
    /// <param name="bitmap">At most as large as the tensor's picture.</param>
    /// <param name="padding">All three channels of what it does not cover: 0 is black, 127 what text recognizers are fed.</param>
    public void Write(Bitmap bitmap, byte padding)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bitmap.Height, Height);
        for (var y = 0; y < bitmap.Height; y++)
        {
            var row = Row(y, bitmap.Width);
            bitmap.Row(y).CopyTo(row);
            Pad(y, 1, bitmap.Width, padding);
        }

        Pad(bitmap.Height, Height - bitmap.Height, 0, padding);
    }

    /// <summary><see cref="Letterbox"/>: the picture at the top left, black everywhere else.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="plan">Of the same picture and a canvas of the tensor's size.</param>
    /// <param name="rows">Which rows of the tensor to write: several threads may write one band each.</param>
    public void WriteLetterboxed(Bitmap source, in LetterboxPlan plan, RowBand rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Height, Height);
        rows.CheckInside(Height);
        var covered = rows.UpTo(plan.Height);
        if (covered.Count > 0)
        {
            using var scaled = Bitmap.Allocate(plan.Width, covered.Count);
            BilinearResizer.Resize(source, plan.Width, plan.Height, covered, scaled);
            for (var y = 0; y < covered.Count; y++)
            {
                scaled.Row(y).CopyTo(Row(covered.First + y, plan.Width));
                Pad(covered.First + y, 1, plan.Width, 0);
            }
        }

        Pad(rows.First + covered.Count, rows.Count - covered.Count, 0, 0);
    }

    /// <summary><see cref="Resampler"/>'s resize straight into the top left; what it does not cover is left as it is.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="width">Of the whole resized picture.</param>
    /// <param name="height">Of the whole resized picture.</param>
    /// <param name="filter">Along both sides.</param>
    /// <param name="region">Of the whole resized picture; at most as large as the tensor's picture.</param>
    /// <param name="rows">Which rows of the region to write: several threads may write one band each.</param>
    public void WriteResized(Bitmap source, int width, int height, ResampleFilter filter, PixelRectangle region, RowBand rows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(region.Height, Height);
        rows.CheckInside(region.Height);
        var band = region with { Y = region.Y + rows.First, Height = rows.Count };
        using var resized = Resampler.Rows(source, width, height, filter, band, KernelPaths.Best);
        for (var y = 0; y < rows.Count; y++)
        {
            fixed (byte* to = Row(rows.First + y, region.Width))
            {
                resized.Write(y, to);
            }
        }
    }

    Span<byte> Row(int y, int pixels)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pixels, Width);
        return _bytes.Slice(y * Width * Bitmap.BytesPerPixel, pixels * Bitmap.BytesPerPixel);
    }

    void Pad(int first, int count, int left, byte value)
    {
        for (var y = first; y < first + count; y++)
        {
            Row(y, Width)[(left * Bitmap.BytesPerPixel)..].Fill(value);
        }
    }
}
