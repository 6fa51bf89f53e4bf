using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// Exact in 16-bit multiply-adds: a weight is upper · 2^11 + lower, each half is summed for itself, and the sums are put together at the end.
/// </summary>
static unsafe class Avx2Kernel
{
    const byte Z = 0x80;

    /// <summary>Four pixels in sixteen bytes to R0 R1 R2 R3 G0 G1 G2 G3 | B0 B1 B2 B3 0 0 0 0, each 16 bits wide.</summary>
    static Vector256<byte> Spread => Vector256.Create(
        (byte)0, Z, 3, Z, 6, Z, 9, Z, 1, Z, 4, Z, 7, Z, 10, Z, 2, Z, 5, Z, 8, Z, 11, Z, Z, Z, Z, Z, Z, Z, Z, Z);

    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        ResampleTrace.Horizontal = ResamplePath.Avx2;
        byte* from0 = rows.From, from1 = from0 + (rows.Row(1) * rows.FromStride);
        byte* from2 = from0 + (rows.Row(2) * rows.FromStride), from3 = from0 + (rows.Row(3) * rows.FromStride);
        byte* to0 = rows.To, to1 = to0 + (rows.Row(1) * rows.ToStride);
        byte* to2 = to0 + (rows.Row(2) * rows.ToStride), to3 = to0 + (rows.Row(3) * rows.ToStride);
        var spread = Spread;
        var half = Vector256.Create(ResampleWindows.Half, 0, ResampleWindows.Half, 0, ResampleWindows.Half, 0, 0, 0);
        for (var x = 0; x < windows.Count; x++)
        {
            var halves = (long*)(windows.Halves + (2 * (nint)x * windows.Stride));
            var offset = (nint)windows.Starts[x] * Bitmap.BytesPerPixel;
            var end = offset + ((nint)windows.Lengths[x] * Bitmap.BytesPerPixel);
            Vector256<int> upper0 = default, upper1 = default, upper2 = default, upper3 = default;
            Vector256<int> lower0 = half, lower1 = half, lower2 = half, lower3 = half;
            for (; offset < end; offset += 4 * Bitmap.BytesPerPixel, halves += 2)
            {
                var upper = Avx2.BroadcastScalarToVector256(halves).AsInt16();
                var lower = Avx2.BroadcastScalarToVector256(halves + 1).AsInt16();
                Add(from0 + offset, spread, upper, lower, ref upper0, ref lower0);
                Add(from1 + offset, spread, upper, lower, ref upper1, ref lower1);
                Add(from2 + offset, spread, upper, lower, ref upper2, ref lower2);
                Add(from3 + offset, spread, upper, lower, ref upper3, ref lower3);
            }

            var first = Avx2.HorizontalAdd(Join(upper0, lower0), Join(upper1, lower1));
            var second = Avx2.HorizontalAdd(Join(upper2, lower2), Join(upper3, lower3));
            var words = Avx2.PackSignedSaturate(
                Avx2.ShiftRightArithmetic(first, ResampleWindows.FractionBits), Avx2.ShiftRightArithmetic(second, ResampleWindows.FractionBits));
            var bytes = Avx2.PackUnsignedSaturate(words, words).AsInt16();
            var pixels = Sse2.UnpackLow(bytes.GetLower(), bytes.GetUpper()).AsUInt32();
            Store(to0, pixels.GetElement(0), x, windows.Count);
            Store(to1, pixels.GetElement(1), x, windows.Count);
            Store(to2, pixels.GetElement(2), x, windows.Count);
            Store(to3, pixels.GetElement(3), x, windows.Count);
        }
    }

    public static void Vertical(in Column column)
    {
        ResampleTrace.Vertical = ResamplePath.Avx2;
        var spill = stackalloc byte[Vector256<byte>.Count];
        for (var x = 0; x < column.Bytes; x += Vector256<byte>.Count)
        {
            var left = column.Bytes - x;
            if (left >= Vector256<byte>.Count)
            {
                Sum(column, x).Store(column.To + x);
            }
            else
            {
                Sum(column, x).Store(spill);
                Unsafe.CopyBlockUnaligned(column.To + x, spill, (uint)left);
            }
        }
    }

    static Vector256<byte> Sum(in Column column, int x)
    {
        Vector256<int> upper0 = default, upper1 = default, upper2 = default, upper3 = default;
        Vector256<int> lower0 = Vector256.Create(ResampleWindows.Half), lower1 = lower0, lower2 = lower0, lower3 = lower0;
        var zero = Vector256<byte>.Zero;
        var from = column.From + x;
        var halves = (int*)column.Halves;
        for (var k = 0; k < column.Length; k += 2, from += 2 * column.Stride)
        {
            // Of each four weights two pairs of upper halves come first, then two pairs of lower ones.
            var pair = halves + ((k / 4 * 4) + (k / 2 % 2));
            var upper = Avx2.BroadcastScalarToVector256(pair).AsInt16();
            var lower = Avx2.BroadcastScalarToVector256(pair + 2).AsInt16();
            Vector256<byte> a = Vector256.Load(from), b = k + 1 < column.Length ? Vector256.Load(from + column.Stride) : zero;
            Vector256<byte> low = Avx2.UnpackLow(a, b), high = Avx2.UnpackHigh(a, b);
            Add(Avx2.UnpackLow(low, zero).AsInt16(), upper, lower, ref upper0, ref lower0);
            Add(Avx2.UnpackHigh(low, zero).AsInt16(), upper, lower, ref upper1, ref lower1);
            Add(Avx2.UnpackLow(high, zero).AsInt16(), upper, lower, ref upper2, ref lower2);
            Add(Avx2.UnpackHigh(high, zero).AsInt16(), upper, lower, ref upper3, ref lower3);
        }

        var first = Avx2.PackSignedSaturate(Shifted(upper0, lower0), Shifted(upper1, lower1));
        var second = Avx2.PackSignedSaturate(Shifted(upper2, lower2), Shifted(upper3, lower3));
        return Avx2.PackUnsignedSaturate(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(
        byte* from, Vector256<byte> spread, Vector256<short> upper, Vector256<short> lower, ref Vector256<int> upperSum, ref Vector256<int> lowerSum) =>
        Add(Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(from), spread).AsInt16(), upper, lower, ref upperSum, ref lowerSum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(
        Vector256<short> pairs, Vector256<short> upper, Vector256<short> lower, ref Vector256<int> upperSum, ref Vector256<int> lowerSum)
    {
        upperSum += Avx2.MultiplyAddAdjacent(pairs, upper);
        lowerSum += Avx2.MultiplyAddAdjacent(pairs, lower);
    }

    static Vector256<int> Join(Vector256<int> upper, Vector256<int> lower) => Avx2.ShiftLeftLogical(upper, ResampleWindows.LowerBits) + lower;

    static Vector256<int> Shifted(Vector256<int> upper, Vector256<int> lower) =>
        Avx2.ShiftRightArithmetic(Join(upper, lower), ResampleWindows.FractionBits);

    /// <summary>Four bytes where the next pixel will overwrite the fourth; behind the last pixel lies another row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(byte* row, uint pixel, int x, int count)
    {
        var to = row + ((nint)x * Bitmap.BytesPerPixel);
        if (x + 1 < count)
        {
            *(uint*)to = pixel;
        }
        else
        {
            *(ushort*)to = (ushort)pixel;
            to[2] = (byte)(pixel >> 16);
        }
    }
}
