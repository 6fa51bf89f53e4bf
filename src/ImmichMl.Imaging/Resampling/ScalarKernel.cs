namespace ImmichMl.Imaging.Resampling;

/// <summary>The twin of the vector kernels for processors without them, and what they are compared with.</summary>
static unsafe class ScalarKernel
{
    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        ResampleTrace.Horizontal = ResamplePath.Scalar;
        for (var row = 0; row < rows.Count; row++)
        {
            var to = rows.To + (row * rows.ToStride);
            for (var x = 0; x < windows.Count; x++, to += Bitmap.BytesPerPixel)
            {
                int red = ResampleWindows.Half, green = ResampleWindows.Half, blue = ResampleWindows.Half;
                var pixel = rows.From + (row * rows.FromStride) + ((nint)windows.Starts[x] * Bitmap.BytesPerPixel);
                var weights = windows.Weights + ((nint)x * windows.Stride);
                for (var k = 0; k < windows.Lengths[x]; k++, pixel += Bitmap.BytesPerPixel)
                {
                    red += pixel[0] * weights[k];
                    green += pixel[1] * weights[k];
                    blue += pixel[2] * weights[k];
                }

                to[0] = ToByte(red);
                to[1] = ToByte(green);
                to[2] = ToByte(blue);
            }
        }
    }

    /// <summary>Filters along the columns. Channels do not matter here: every byte of a row has the same weights.</summary>
    public static void Vertical(in Column column)
    {
        ResampleTrace.Vertical = ResamplePath.Scalar;

        // Four columns at a time: their sums stay in registers, and a cache line of each row serves sixteen of them.
        var x = 0;
        for (; x <= column.Bytes - 4; x += 4)
        {
            int a = ResampleWindows.Half, b = ResampleWindows.Half, c = ResampleWindows.Half, d = ResampleWindows.Half;
            var from = column.From + x;
            for (var k = 0; k < column.Length; k++, from += column.Stride)
            {
                var weight = column.Weights[k];
                a += from[0] * weight;
                b += from[1] * weight;
                c += from[2] * weight;
                d += from[3] * weight;
            }

            column.To[x] = ToByte(a);
            column.To[x + 1] = ToByte(b);
            column.To[x + 2] = ToByte(c);
            column.To[x + 3] = ToByte(d);
        }

        for (; x < column.Bytes; x++)
        {
            var sum = ResampleWindows.Half;
            for (var k = 0; k < column.Length; k++)
            {
                sum += column.From[(k * column.Stride) + x] * column.Weights[k];
            }

            column.To[x] = ToByte(sum);
        }
    }

    /// <summary>The sum already holds the half that makes the shift round.</summary>
    static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResampleWindows.FractionBits, byte.MinValue, byte.MaxValue);
}
