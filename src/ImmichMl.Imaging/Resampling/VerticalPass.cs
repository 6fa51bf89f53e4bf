namespace ImmichMl.Imaging.Resampling;

/// <summary>Filters along the columns. Channels do not matter here: every byte of a row has the same weights.</summary>
static unsafe class VerticalPass
{
    /// <param name="source">Its row 0 is row <paramref name="firstRow"/> of what the windows count in.</param>
    /// <param name="windows">One for each row of the result.</param>
    /// <param name="firstRow">The offset of the two.</param>
    public static Bitmap Run(Bitmap source, ResampleWindows windows, int firstRow)
    {
        var target = Bitmap.Allocate(source.Width, windows.Count);
        for (var y = 0; y < windows.Count; y++)
        {
            var weights = windows.Weights(y);
            var rows = source.Pixels.Slice((windows.Start(y) - firstRow) * source.Stride, weights.Length * source.Stride);
            fixed (byte* from = rows, to = target.Row(y))
            {
                Filter(from, to, source.Stride, weights);
            }
        }

        return target;
    }

    static void Filter(byte* from, byte* to, int stride, ReadOnlySpan<int> weights)
    {
        // Four columns at a time: their sums stay in registers, and a cache line of each row serves sixteen of them.
        var x = 0;
        for (; x <= stride - 4; x += 4)
        {
            int a = ResampleWindows.Half, b = ResampleWindows.Half, c = ResampleWindows.Half, d = ResampleWindows.Half;
            var column = from + x;
            foreach (var weight in weights)
            {
                a += column[0] * weight;
                b += column[1] * weight;
                c += column[2] * weight;
                d += column[3] * weight;
                column += stride;
            }

            to[x] = FixedPoint.ToByte(a);
            to[x + 1] = FixedPoint.ToByte(b);
            to[x + 2] = FixedPoint.ToByte(c);
            to[x + 3] = FixedPoint.ToByte(d);
        }

        for (; x < stride; x++)
        {
            var sum = ResampleWindows.Half;
            for (var k = 0; k < weights.Length; k++)
            {
                sum += from[((nint)k * stride) + x] * weights[k];
            }

            to[x] = FixedPoint.ToByte(sum);
        }
    }
}
