using ImmichMl.Imaging.Warping;
using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging;

/// <summary>
/// OpenCV's cv2.warpAffine with INTER_LINEAR and a black border, RGB24 to RGB24, equal to the last bit to OpenCV 4.6 on x86-64 over any
/// matrix: positions have 10 fraction bits, weights 5.
/// </summary>
/// <remarks>Known difference: sides of 32,767 and more, which OpenCV refuses, are fine here.</remarks>
public static class AffineWarp
{
    const int PositionBits = 10;
    const int WeightBits = 5;
    const int WeightOne = 1 << WeightBits;
    const int BlockLength = 8;

    /// <summary>The warped picture, which is the caller's to dispose of.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="matrix">From the source to the result; without an inverse it counts as zero, and so gives one colour.</param>
    /// <param name="width">Of the result, in pixels.</param>
    /// <param name="height">Of the result, in pixels.</param>
    public static Bitmap Warp(Bitmap source, in AffineMatrix matrix, int width, int height) =>
        Warp(source, matrix, width, height, KernelPaths.Best, out _);

    /// <param name="source">Stays the caller's.</param>
    /// <param name="matrix">From the source to the result.</param>
    /// <param name="width">Of the result.</param>
    /// <param name="height">Of the result.</param>
    /// <param name="path">What may run.</param>
    /// <param name="ran">The widest that did run; pixels near the border are done by the lesser ones.</param>
    internal static unsafe Bitmap Warp(Bitmap source, in AffineMatrix matrix, int width, int height, KernelPath path, out KernelPath ran)
    {
        ArgumentNullException.ThrowIfNull(source);
        var target = Bitmap.Allocate(width, height);
        var across = (int*)NativeMemory.Alloc((nuint)width * 2, sizeof(int));
        try
        {
            ran = Fill(source, Invert(matrix), target, across, across + width, path);
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
        finally
        {
            NativeMemory.Free(across);
        }
    }

    /// <param name="source">Of the pixels.</param>
    /// <param name="inverse">From the target to the source.</param>
    /// <param name="target">What to fill.</param>
    /// <param name="across">Holds what each column of the target adds to the position in the source.</param>
    /// <param name="down">The same from the top.</param>
    /// <param name="path">What may run.</param>
    static unsafe KernelPath Fill(Bitmap source, in AffineMatrix inverse, Bitmap target, int* across, int* down, KernelPath path)
    {
        var ran = KernelPath.Scalar;
        for (var x = 0; x < target.Width; x++)
        {
            across[x] = Fixed(inverse.XX * x * (1 << PositionBits));
            down[x] = Fixed(inverse.YX * x * (1 << PositionBits));
        }

        const int half = 1 << (PositionBits - WeightBits - 1);
        fixed (byte* pixels = source.Pixels)
        {
            for (var y = 0; y < target.Height; y++)
            {
                // Wraps around where OpenCV's 32 bits do, and so do the sums in Row.
                var startX = unchecked(Fixed(((inverse.XY * y) + inverse.X) * (1 << PositionBits)) + half);
                var startY = unchecked(Fixed(((inverse.YY * y) + inverse.Y) * (1 << PositionBits)) + half);
                fixed (byte* row = target.Row(y))
                {
                    var widest = Row(pixels, source, startX, startY, across, down, row, target.Width, path);
                    ran = widest > ran ? widest : ran;
                }
            }
        }

        return ran;
    }

    static unsafe KernelPath Row(
        byte* pixels, Bitmap source, int startX, int startY, int* across, int* down, byte* to, int width, KernelPath path)
    {
        const int shift = PositionBits - WeightBits;
        var ran = KernelPath.Scalar;
        var x = 0;
        while (x < width)
        {
            if (path == KernelPath.Wide)
            {
                var from = x;
                x = WideKernels.Affine(pixels, source.Width, source.Height, startX, startY, across, down, to, x, width);
                ran = x > from ? KernelPath.Wide : ran;
            }

            // A block that failed is not tried again one pixel further.
            for (var end = Math.Min(x + BlockLength, width); x < end; x++)
            {
                int atX = unchecked(startX + across[x]) >> shift, atY = unchecked(startY + down[x]) >> shift;
                int left = atX >> WeightBits, top = atY >> WeightBits;

                // Eight bytes are read and four written: never at the right edge of either picture.
                if (path != KernelPath.Scalar && x < width - 1 && source.Width > 2 && (uint)left < (uint)(source.Width - 2)
                    && (uint)top < (uint)(source.Height - 1))
                {
                    var pixel = pixels + ((((nint)top * source.Width) + left) * Bitmap.BytesPerPixel);
                    BilinearVectors.Sample(
                        pixel, source.Stride, atX & (WeightOne - 1), atY & (WeightOne - 1), to + (x * Bitmap.BytesPerPixel));
                    ran = ran == KernelPath.Scalar ? KernelPath.Vector : ran;
                    continue;
                }

                Sample(pixels, source.Width, source.Height, atX, atY, to + (x * Bitmap.BytesPerPixel));
            }
        }

        return ran;
    }

    static unsafe void Sample(byte* pixels, int width, int height, int atX, int atY, byte* to)
    {
        int x = atX >> WeightBits, y = atY >> WeightBits;
        int right = atX & (WeightOne - 1), lower = atY & (WeightOne - 1), left = WeightOne - right, upper = WeightOne - lower;
        var pixel = pixels + ((((nint)y * width) + x) * Bitmap.BytesPerPixel);
        var stride = (nint)width * Bitmap.BytesPerPixel;
        if ((uint)x < (uint)(width - 1) && (uint)y < (uint)(height - 1))
        {
            for (var c = 0; c < Bitmap.BytesPerPixel; c++)
            {
                var above = (pixel[c] * left) + (pixel[c + 3] * right);
                var below = (pixel[stride + c] * left) + (pixel[stride + c + 3] * right);
                to[c] = (byte)(((above * upper) + (below * lower) + 512) >> 10);
            }

            return;
        }

        bool inLeft = (uint)x < (uint)width, inRight = (uint)(x + 1) < (uint)width;
        bool inUpper = (uint)y < (uint)height, inLower = (uint)(y + 1) < (uint)height;
        for (var c = 0; c < Bitmap.BytesPerPixel; c++)
        {
            var sum = 512;
            sum += inLeft && inUpper ? pixel[c] * left * upper : 0;
            sum += inRight && inUpper ? pixel[c + 3] * right * upper : 0;
            sum += inLeft && inLower ? pixel[stride + c] * left * lower : 0;
            sum += inRight && inLower ? pixel[stride + c + 3] * right * lower : 0;
            to[c] = (byte)(sum >> 10);
        }
    }

    static AffineMatrix Invert(in AffineMatrix m)
    {
        var determinant = (m.XX * m.YY) - (m.XY * m.YX);
        var d = determinant != 0 ? 1 / determinant : 0;
        double xx = m.YY * d, yy = m.XX * d, xy = m.XY * -d, yx = m.YX * -d;
        return new(xx, xy, (-xx * m.X) - (xy * m.Y), yx, yy, (-yx * m.X) - (yy * m.Y));
    }

    // Half to even; what does not fit, and what is no number, becomes the smallest integer, as CVTSD2SI has it.
    static int Fixed(double value)
    {
        var rounded = Math.Round(value);
        return rounded is >= int.MinValue and <= int.MaxValue ? (int)rounded : int.MinValue;
    }
}
