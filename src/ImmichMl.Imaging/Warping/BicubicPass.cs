using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Warping;

/// <summary>
/// Pillow's bicubic sampling for transforms: a = -1, all in double, centres of pixels at one half; columns and rows outside repeat
/// the edge, places outside are black, and the result is cut, not rounded.
/// </summary>
static unsafe class BicubicPass
{
    public static void Run(Bitmap source, in PerspectiveMatrix m, Bitmap target) => Run(source, m, target, PixelPaths.Best);

    internal static void Run(Bitmap source, in PerspectiveMatrix m, Bitmap target, PixelPath path)
    {
        var isVector = path == PixelPath.Avx2 && Avx2.IsSupported;
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
                        var (atX, atY) = Place(m, x + 0.5, y + 0.5);
                        Sample(pixels, source.Width, source.Height, atX, atY, row + ((nint)x * Bitmap.BytesPerPixel));
                    }
                }
            }
        }
    }

    static (double X, double Y) Place(in PerspectiveMatrix m, double xin, double yin)
    {
        var w = (m.G * xin) + (m.H * yin) + 1;
        return (((m.A * xin) + (m.B * yin) + m.C) / w, ((m.D * xin) + (m.E * yin) + m.F) / w);
    }

    /// <summary>The same operations on four pixels side by side; where one is near an edge, one by one.</summary>
    static void RunRow(Bitmap source, byte* pixels, in PerspectiveMatrix m, double yin, byte* row, int width)
    {
        Vector256<double> a = Vector256.Create(m.A), d = Vector256.Create(m.D), g = Vector256.Create(m.G);
        Vector256<double> bOfRow = Vector256.Create(m.B * yin), eOfRow = Vector256.Create(m.E * yin), hOfRow = Vector256.Create(m.H * yin);
        Vector256<double> c = Vector256.Create(m.C), f = Vector256.Create(m.F), one = Vector256<double>.One;
        for (var x = 0; x < width; x += BicubicBlock.Length)
        {
            if (x <= width - BicubicBlock.Length)
            {
                var xin = Vector256.Create(x + 0.5) + Vector256.Create(0.0, 1, 2, 3);
                var w = (g * xin) + hOfRow + one;
                if (BicubicBlock.TrySample(
                    source, pixels, ((a * xin) + bOfRow + c) / w, ((d * xin) + eOfRow + f) / w, row + ((nint)x * Bitmap.BytesPerPixel)))
                {
                    continue;
                }
            }

            for (var i = x; i < Math.Min(x + BicubicBlock.Length, width); i++)
            {
                var (atX, atY) = Place(m, i + 0.5, yin);
                SampleChannels(pixels, source.Width, source.Height, atX, atY, row + ((nint)i * Bitmap.BytesPerPixel));
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

    /// <summary>The same with the channels side by side: the same operations in the same order, none of them fused, so the same bits.</summary>
    static void SampleChannels(byte* pixels, int width, int height, double atX, double atY, byte* to)
    {
        if (!(atX >= 0 && atX < width && atY >= 0 && atY < height))
        {
            to[0] = to[1] = to[2] = 0;
            return;
        }

        double left = Math.Floor(atX - 0.5), top = Math.Floor(atY - 0.5);
        Vector256<double> dx = Vector256.Create(atX - 0.5 - left), dy = Vector256.Create(atY - 0.5 - top);
        int x = (int)left - 1, y = (int)top - 1;
        var stride = (nint)width * Bitmap.BytesPerPixel;
        Vector256<double> first, second, third, fourth;
        if (x >= 0 && x <= width - 4)
        {
            // Sixteen bytes hold four pixels and a third: a bitmap has room for that behind its last row.
            var column = pixels + ((nint)x * Bitmap.BytesPerPixel);
            first = Along(Vector128.Load(column + (Math.Clamp(y, 0, height - 1) * stride)), dx);
            second = Along(Vector128.Load(column + (Math.Clamp(y + 1, 0, height - 1) * stride)), dx);
            third = Along(Vector128.Load(column + (Math.Clamp(y + 2, 0, height - 1) * stride)), dx);
            fourth = Along(Vector128.Load(column + (Math.Clamp(y + 3, 0, height - 1) * stride)), dx);
        }
        else
        {
            first = Along(AtEdge(pixels + (Math.Clamp(y, 0, height - 1) * stride), x, width), dx);
            second = Along(AtEdge(pixels + (Math.Clamp(y + 1, 0, height - 1) * stride), x, width), dx);
            third = Along(AtEdge(pixels + (Math.Clamp(y + 2, 0, height - 1) * stride), x, width), dx);
            fourth = Along(AtEdge(pixels + (Math.Clamp(y + 3, 0, height - 1) * stride), x, width), dx);
        }

        var mixed = Vector256.Min(Vector256.Max(BicubicBlock.Cubic(first, second, third, fourth, dy), Vector256<double>.Zero), Vector256.Create(255.0));
        var cut = Avx.ConvertToVector128Int32WithTruncation(mixed);
        (to[0], to[1], to[2]) = ((byte)cut.GetElement(0), (byte)cut.GetElement(1), (byte)cut.GetElement(2));
    }

    static Vector128<byte> AtEdge(byte* row, int x, int width)
    {
        byte* four = stackalloc byte[16];
        for (var i = 0; i < 4; i++)
        {
            var pixel = row + ((nint)Math.Clamp(x + i, 0, width - 1) * Bitmap.BytesPerPixel);
            (four[3 * i], four[(3 * i) + 1], four[(3 * i) + 2]) = (pixel[0], pixel[1], pixel[2]);
        }

        return Vector128.Load(four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Along(Vector128<byte> four, Vector256<double> dx) => BicubicBlock.Cubic(
        ToDouble(Ssse3.Shuffle(four, Vector128.Create((byte)0, 128, 128, 128, 1, 128, 128, 128, 2, 128, 128, 128, 128, 128, 128, 128))),
        ToDouble(Ssse3.Shuffle(four, Vector128.Create((byte)3, 128, 128, 128, 4, 128, 128, 128, 5, 128, 128, 128, 128, 128, 128, 128))),
        ToDouble(Ssse3.Shuffle(four, Vector128.Create((byte)6, 128, 128, 128, 7, 128, 128, 128, 8, 128, 128, 128, 128, 128, 128, 128))),
        ToDouble(Ssse3.Shuffle(four, Vector128.Create((byte)9, 128, 128, 128, 10, 128, 128, 128, 11, 128, 128, 128, 128, 128, 128, 128))),
        dx);

    static Vector256<double> ToDouble(Vector128<byte> values) => Avx.ConvertToVector256Double(values.AsInt32());

    // In this order, because the roundings are part of the result.
    static double Cubic(double v1, double v2, double v3, double v4, double d)
    {
        var p2 = -v1 + v3;
        var p3 = (2 * (v1 - v2)) + v3 - v4;
        var p4 = -v1 + v2 - v3 + v4;
        return v2 + (d * (p2 + (d * (p3 + (d * p4)))));
    }
}
