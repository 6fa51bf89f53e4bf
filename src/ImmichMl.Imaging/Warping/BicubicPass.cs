using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Warping;

/// <summary>
/// Pillow's bicubic sampling for transforms: a = -1, all in double, centres of pixels at one half; columns and rows outside repeat
/// the edge, positions outside are black, and the result is cut, not rounded.
/// </summary>
static unsafe class BicubicPass
{
    const int BlockLength = 4;

    public static void Run(Bitmap source, in PerspectiveMatrix m, Bitmap target) => Run(source, m, target, KernelPaths.Best);

    internal static void Run(Bitmap source, in PerspectiveMatrix m, Bitmap target, KernelPath path)
    {
        var isVector = path == KernelPath.Wide;
        fixed (byte* pixels = source.Pixels)
        {
            for (var y = 0; y < target.Height; y++)
            {
                fixed (byte* row = target.Row(y))
                {
                    if (isVector)
                    {
                        RunRow(source, pixels, m, y + 0.5, row, target.Width);
                        continue;
                    }

                    for (var x = 0; x < target.Width; x++)
                    {
                        var (atX, atY) = Position(m, x + 0.5, y + 0.5);
                        Sample(pixels, source.Width, source.Height, atX, atY, row + ((nint)x * Bitmap.BytesPerPixel));
                    }
                }
            }
        }
    }

    static (double X, double Y) Position(in PerspectiveMatrix m, double xin, double yin)
    {
        var w = (m.G * xin) + (m.H * yin) + 1;
        return (((m.A * xin) + (m.B * yin) + m.C) / w, ((m.D * xin) + (m.E * yin) + m.F) / w);
    }

    /// <summary>Four pixels at once; where one is near an edge, or four are not left, one by one.</summary>
    static void RunRow(Bitmap source, byte* pixels, PerspectiveMatrix m, double yin, byte* row, int width)
    {
        var x = 0;
        while (x < width)
        {
            x = WideKernels.Bicubic(pixels, source.Width, source.Height, (double*)&m, yin, row, x, width);
            for (var end = Math.Min(x + BlockLength, width); x < end; x++)
            {
                var (atX, atY) = Position(m, x + 0.5, yin);
                Sample(pixels, source.Width, source.Height, atX, atY, row + ((nint)x * Bitmap.BytesPerPixel));
            }
        }
    }

    static void Sample(byte* pixels, int width, int height, double atX, double atY, byte* to)
    {
        // Written so that what is no number is outside too.
        if (!(atX >= 0 && atX < width && atY >= 0 && atY < height))
        {
            to[0] = to[1] = to[2] = 0;
            return;
        }

        double left = Math.Floor(atX - 0.5), top = Math.Floor(atY - 0.5);
        double dx = atX - 0.5 - left, dy = atY - 0.5 - top;
        int x = (int)left - 1, y = (int)top - 1;
        int* columns = stackalloc int[4];
        for (var i = 0; i < 4; i++)
        {
            columns[i] = Math.Clamp(x + i, 0, width - 1) * Bitmap.BytesPerPixel;
        }

        double* rows = stackalloc double[4];
        for (var c = 0; c < Bitmap.BytesPerPixel; c++)
        {
            for (var i = 0; i < 4; i++)
            {
                var line = pixels + ((nint)Math.Clamp(y + i, 0, height - 1) * width * Bitmap.BytesPerPixel) + c;
                rows[i] = Cubic(line[columns[0]], line[columns[1]], line[columns[2]], line[columns[3]], dx);
            }

            to[c] = (byte)Math.Clamp(Cubic(rows[0], rows[1], rows[2], rows[3], dy), 0, 255);
        }
    }

    // In this order, because the roundings are part of the result.
    static double Cubic(double v1, double v2, double v3, double v4, double d)
    {
        var p2 = -v1 + v3;
        var p3 = (2 * (v1 - v2)) + v3 - v4;
        var p4 = -v1 + v2 - v3 + v4;
        return v2 + (d * (p2 + (d * (p3 + (d * p4)))));
    }
}
