namespace ImmichMl.Imaging;

/// <summary>Quarter turns, which move pixels and change none.</summary>
public static class Rotation
{
    /// <summary>By 90° counter-clockwise, as Pillow's ROTATE_90 and NumPy's rot90: the right edge becomes the top.</summary>
    public static Bitmap CounterClockwise(Bitmap source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var turned = Bitmap.Allocate(source.Height, source.Width);
        for (var y = 0; y < turned.Height; y++)
        {
            var to = turned.Row(y);
            var column = (source.Width - 1 - y) * Bitmap.BytesPerPixel;
            var from = source.Pixels;
            for (var x = 0; x < to.Length; x += Bitmap.BytesPerPixel, column += source.Stride)
            {
                from.Slice(column, Bitmap.BytesPerPixel).CopyTo(to[x..]);
            }
        }

        return turned;
    }
}
