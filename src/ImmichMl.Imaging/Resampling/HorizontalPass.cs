namespace ImmichMl.Imaging.Resampling;

/// <summary>Filters along the rows.</summary>
static unsafe class HorizontalPass
{
    public static Bitmap Run(Bitmap source, ResampleWindows windows, int firstRow, int rows)
    {
        var target = Bitmap.Allocate(windows.Count, rows);
        for (var y = 0; y < rows; y++)
        {
            fixed (byte* from = source.Row(firstRow + y), to = target.Row(y))
            {
                Filter(from, to, windows);
            }
        }

        return target;
    }

    static void Filter(byte* from, byte* to, ResampleWindows windows)
    {
        for (var x = 0; x < windows.Count; x++, to += Bitmap.BytesPerPixel)
        {
            int red = ResampleWindows.Half, green = ResampleWindows.Half, blue = ResampleWindows.Half;
            var pixel = from + ((nint)windows.Start(x) * Bitmap.BytesPerPixel);
            foreach (var weight in windows.Weights(x))
            {
                red += pixel[0] * weight;
                green += pixel[1] * weight;
                blue += pixel[2] * weight;
                pixel += Bitmap.BytesPerPixel;
            }

            to[0] = FixedPoint.ToByte(red);
            to[1] = FixedPoint.ToByte(green);
            to[2] = FixedPoint.ToByte(blue);
        }
    }
}
