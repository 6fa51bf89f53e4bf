using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Warping;

/// <summary>Eight pixels of a warped row at once, where all that they are made of lies inside of the source.</summary>
static unsafe class AffineBlock
{
    public const int Length = 8;

    /// <param name="pixels">Of the source, rows without gaps.</param>
    /// <param name="width">Of the source.</param>
    /// <param name="height">Of the source.</param>
    /// <param name="atX">Places of the eight in the source, with 5 fraction bits.</param>
    /// <param name="atY">The same from the top.</param>
    /// <param name="to">24 bytes, none more.</param>
    /// <returns>False, and nothing is written, where a pixel needs what is not there; eight bytes are read at each place.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TrySample(byte* pixels, int width, int height, Vector256<int> atX, Vector256<int> atY, byte* to)
    {
        Vector256<int> left = Avx2.ShiftRightArithmetic(atX, 5), top = Avx2.ShiftRightArithmetic(atY, 5);
        var outside = left | top | (Vector256.Create(width - 3) - left) | (Vector256.Create(height - 2) - top);
        if (Avx.MoveMask(outside.AsSingle()) != 0)
        {
            return false;
        }

        var stride = width * Bitmap.BytesPerPixel;
        var offsets = stackalloc int[Length];
        (Avx2.MultiplyLow(top, Vector256.Create(stride)) + Avx2.MultiplyLow(left, Vector256.Create(Bitmap.BytesPerPixel))).Store(offsets);

        // Bytes (32 - f, f) twice for the mix along the row, shorts (32 - f, f) for the mix of two rows.
        Vector256<int> right = atX & Vector256.Create(31), lower = atY & Vector256.Create(31), whole = Vector256.Create(32);
        var across = Avx2.ShiftLeftLogical(right, 8) | (whole - right);
        across |= Avx2.ShiftLeftLogical(across, 16);
        var down = Avx2.ShiftLeftLogical(lower, 16) | (whole - lower);

        // Pixel n stands in the lower half of 128 bits, pixel n + 4 in the upper.
        var first = Vector256.Create(0, 0, 0, 0, 4, 4, 4, 4);
        var one = Vector256.Create(1);
        Vector256<int> second = first + one, third = second + one, fourth = third + one;
        var low = Avx2.PackSignedSaturate(Mix(pixels, stride, offsets, across, down, first), Mix(pixels, stride, offsets + 1, across, down, second));
        var high = Avx2.PackSignedSaturate(Mix(pixels, stride, offsets + 2, across, down, third), Mix(pixels, stride, offsets + 3, across, down, fourth));
        var close = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        var bytes = Avx2.Shuffle(Avx2.PackUnsignedSaturate(low, high), Vector256.Create(close, close));
        bytes.GetLower().Store(to);
        Unsafe.WriteUnaligned(to + 12, bytes.GetUpper().AsUInt64().ToScalar());
        Unsafe.WriteUnaligned(to + 20, bytes.GetUpper().AsUInt32().GetElement(2));
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Mix(byte* pixels, int stride, int* offsets, Vector256<int> across, Vector256<int> down, Vector256<int> which)
    {
        // Upper pair and lower pair of each channel: r r r r, g g g g, b b b b.
        var pairs = Vector128.Create((byte)0, 3, 8, 11, 1, 4, 9, 12, 2, 5, 10, 13, 255, 255, 255, 255);
        byte* a = pixels + offsets[0], b = pixels + offsets[4];
        var both = Vector256.Create(
            Vector128.Create(*(ulong*)a, *(ulong*)(a + stride)).AsByte(),
            Vector128.Create(*(ulong*)b, *(ulong*)(b + stride)).AsByte());

        // 255 * 32 at the most: no short overflows.
        var sums = Avx2.MultiplyAddAdjacent(
            Avx2.Shuffle(both, Vector256.Create(pairs, pairs)), Avx2.PermuteVar8x32(across, which).AsSByte());
        var mixed = Avx2.MultiplyAddAdjacent(sums, Avx2.PermuteVar8x32(down, which).AsInt16());
        return Avx2.ShiftRightArithmetic(mixed + Vector256.Create(512), 10);
    }
}
