using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// Exact in 16-bit multiply-adds: a weight is upper · 2^11 + lower, each half is summed for itself, and the sums are put together at the
/// end. Two rows at a time; for processors without AVX2.
/// </summary>
static unsafe class Ssse3Kernel
{
    const byte Z = 0x80;

    /// <summary>Vector128.Shuffle would be compiled as a loop for this baseline.</summary>
    static Vector128<byte> SpreadRedGreen => Vector128.Create((byte)0, Z, 3, Z, 6, Z, 9, Z, 1, Z, 4, Z, 7, Z, 10, Z);

    static Vector128<byte> SpreadBlue => Vector128.Create((byte)2, Z, 5, Z, 8, Z, 11, Z, Z, Z, Z, Z, Z, Z, Z, Z);

    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        ResampleTrace.Horizontal = ResamplePath.Ssse3;
        for (var row = 0; row < rows.Count; row += 2)
        {
            nint second = rows.Row(row + 1);
            TwoRows(
                rows.From + (row * rows.FromStride), rows.From + (second * rows.FromStride),
                rows.To + (row * rows.ToStride), rows.To + (second * rows.ToStride), windows);
        }
    }

    static void TwoRows(byte* from0, byte* from1, byte* to0, byte* to1, in WindowTable windows)
    {
        Vector128<byte> redGreen = SpreadRedGreen, blue = SpreadBlue;
        var half = Vector128.Create(ResampleWindows.Half, 0, ResampleWindows.Half, 0);
        for (var x = 0; x < windows.Count; x++)
        {
            var halves = (double*)(windows.Halves + (2 * (nint)x * windows.Stride));
            var offset = (nint)windows.Starts[x] * Bitmap.BytesPerPixel;
            var end = offset + ((nint)windows.Lengths[x] * Bitmap.BytesPerPixel);
            Vector128<int> upper0 = default, upper0Blue = default, upper1 = default, upper1Blue = default;
            Vector128<int> lower0 = half, lower0Blue = half, lower1 = half, lower1Blue = half;
            for (; offset < end; offset += 4 * Bitmap.BytesPerPixel, halves += 2)
            {
                var upper = Sse3.LoadAndDuplicateToVector128(halves).AsInt16();
                var lower = Sse3.LoadAndDuplicateToVector128(halves + 1).AsInt16();
                var pixels = Vector128.Load(from0 + offset);
                Add(Ssse3.Shuffle(pixels, redGreen).AsInt16(), upper, lower, ref upper0, ref lower0);
                Add(Ssse3.Shuffle(pixels, blue).AsInt16(), upper, lower, ref upper0Blue, ref lower0Blue);
                pixels = Vector128.Load(from1 + offset);
                Add(Ssse3.Shuffle(pixels, redGreen).AsInt16(), upper, lower, ref upper1, ref lower1);
                Add(Ssse3.Shuffle(pixels, blue).AsInt16(), upper, lower, ref upper1Blue, ref lower1Blue);
            }

            var first = Ssse3.HorizontalAdd(Join(upper0, lower0), Join(upper0Blue, lower0Blue));
            var second = Ssse3.HorizontalAdd(Join(upper1, lower1), Join(upper1Blue, lower1Blue));
            var words = Sse2.PackSignedSaturate(
                Sse2.ShiftRightArithmetic(first, ResampleWindows.FractionBits), Sse2.ShiftRightArithmetic(second, ResampleWindows.FractionBits));
            var both = Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar();
            Store(to0, (uint)both, x, windows.Count);
            Store(to1, (uint)(both >> 32), x, windows.Count);
        }
    }

    public static void Vertical(in Column column)
    {
        ResampleTrace.Vertical = ResamplePath.Ssse3;
        var spill = stackalloc byte[Vector128<byte>.Count];
        for (var x = 0; x < column.Bytes; x += Vector128<byte>.Count)
        {
            var left = column.Bytes - x;
            if (left >= Vector128<byte>.Count)
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

    static Vector128<byte> Sum(in Column column, int x)
    {
        Vector128<int> upper0 = default, upper1 = default, upper2 = default, upper3 = default;
        Vector128<int> lower0 = Vector128.Create(ResampleWindows.Half), lower1 = lower0, lower2 = lower0, lower3 = lower0;
        var zero = Vector128<byte>.Zero;
        var from = column.From + x;
        var halves = (int*)column.Halves;
        for (var k = 0; k < column.Length; k += 2, from += 2 * column.Stride)
        {
            var pair = halves + ((k / 4 * 4) + (k / 2 % 2));
            Vector128<short> upper = Vector128.Create(*pair).AsInt16(), lower = Vector128.Create(pair[2]).AsInt16();
            Vector128<byte> a = Vector128.Load(from), b = k + 1 < column.Length ? Vector128.Load(from + column.Stride) : zero;
            Vector128<byte> low = Sse2.UnpackLow(a, b), high = Sse2.UnpackHigh(a, b);
            Add(Sse2.UnpackLow(low, zero).AsInt16(), upper, lower, ref upper0, ref lower0);
            Add(Sse2.UnpackHigh(low, zero).AsInt16(), upper, lower, ref upper1, ref lower1);
            Add(Sse2.UnpackLow(high, zero).AsInt16(), upper, lower, ref upper2, ref lower2);
            Add(Sse2.UnpackHigh(high, zero).AsInt16(), upper, lower, ref upper3, ref lower3);
        }

        var first = Sse2.PackSignedSaturate(Shifted(upper0, lower0), Shifted(upper1, lower1));
        var second = Sse2.PackSignedSaturate(Shifted(upper2, lower2), Shifted(upper3, lower3));
        return Sse2.PackUnsignedSaturate(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(
        Vector128<short> pairs, Vector128<short> upper, Vector128<short> lower, ref Vector128<int> upperSum, ref Vector128<int> lowerSum)
    {
        upperSum += Sse2.MultiplyAddAdjacent(pairs, upper);
        lowerSum += Sse2.MultiplyAddAdjacent(pairs, lower);
    }

    static Vector128<int> Join(Vector128<int> upper, Vector128<int> lower) => Sse2.ShiftLeftLogical(upper, ResampleWindows.LowerBits) + lower;

    static Vector128<int> Shifted(Vector128<int> upper, Vector128<int> lower) =>
        Sse2.ShiftRightArithmetic(Join(upper, lower), ResampleWindows.FractionBits);

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
