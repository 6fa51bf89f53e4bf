using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Resampling;

/// <summary>What the vector kernels are compared with.</summary>
static unsafe class ScalarKernel
{
    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        KernelPaths.LastAcross = KernelPath.Scalar;
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
        KernelPaths.LastDown = KernelPath.Scalar;
        for (var x = 0; x < column.Bytes; x++)
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
