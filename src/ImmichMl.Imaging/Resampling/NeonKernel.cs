using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace ImmichMl.Imaging.Resampling;

/// <summary>For arm64, whose 32-bit multiply-add is fast enough that the weights need no splitting.</summary>
static unsafe class NeonKernel
{
    // Out of range, which the table lookup answers with 0.
    const byte Z = 0xFF;

    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        ResampleTrace.Horizontal = ResamplePath.Neon;
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
        var half = Vector128.Create(ResampleWindows.Half);
        for (var x = 0; x < windows.Count; x++)
        {
            var weights = windows.Weights + ((nint)x * windows.Stride);
            var offset = (nint)windows.Starts[x] * Bitmap.BytesPerPixel;
            var end = offset + ((nint)windows.Lengths[x] * Bitmap.BytesPerPixel);
            Vector128<int> even0 = half, odd0 = default, even1 = half, odd1 = default;
            for (; offset < end; offset += 4 * Bitmap.BytesPerPixel, weights += 4)
            {
                var four = Vector128.Load(weights);
                Add(Vector128.Load(from0 + offset), four, ref even0, ref odd0);
                Add(Vector128.Load(from1 + offset), four, ref even1, ref odd1);
            }

            Store(to0, even0 + odd0, x, windows.Count);
            Store(to1, even1 + odd1, x, windows.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Add(Vector128<byte> pixels, Vector128<int> weights, ref Vector128<int> even, ref Vector128<int> odd)
    {
        even = AdvSimd.MultiplyAddBySelectedScalar(even, Pixel(pixels, 0), weights, 0);
        odd = AdvSimd.MultiplyAddBySelectedScalar(odd, Pixel(pixels, 3), weights, 1);
        even = AdvSimd.MultiplyAddBySelectedScalar(even, Pixel(pixels, 6), weights, 2);
        odd = AdvSimd.MultiplyAddBySelectedScalar(odd, Pixel(pixels, 9), weights, 3);
    }

    /// <summary>Three bytes to three 32-bit lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<int> Pixel(Vector128<byte> pixels, byte at) => AdvSimd.Arm64.VectorTableLookup(
        pixels, Vector128.Create(at, Z, Z, Z, (byte)(at + 1), Z, Z, Z, (byte)(at + 2), Z, Z, Z, Z, Z, Z, Z)).AsInt32();

    public static void Vertical(in Column column)
    {
        ResampleTrace.Vertical = ResamplePath.Neon;
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
        Vector128<int> a = Vector128.Create(ResampleWindows.Half), b = a, c = a, d = a;
        var from = column.From + x;
        for (var k = 0; k < column.Length; k++, from += column.Stride)
        {
            var weight = Vector128.Create(column.Weights[k]);
            var bytes = Vector128.Load(from);
            Vector128<ushort> low = AdvSimd.ZeroExtendWideningLower(bytes.GetLower()), high = AdvSimd.ZeroExtendWideningUpper(bytes);
            a = AdvSimd.MultiplyAdd(a, AdvSimd.ZeroExtendWideningLower(low.GetLower()).AsInt32(), weight);
            b = AdvSimd.MultiplyAdd(b, AdvSimd.ZeroExtendWideningUpper(low).AsInt32(), weight);
            c = AdvSimd.MultiplyAdd(c, AdvSimd.ZeroExtendWideningLower(high.GetLower()).AsInt32(), weight);
            d = AdvSimd.MultiplyAdd(d, AdvSimd.ZeroExtendWideningUpper(high).AsInt32(), weight);
        }

        return Vector128.Create(Narrow(a, b), Narrow(c, d));
    }

    /// <summary>Shifts out the fraction and clips to bytes.</summary>
    static Vector64<byte> Narrow(Vector128<int> low, Vector128<int> high) => AdvSimd.ExtractNarrowingSaturateUnsignedLower(
        Vector128.Create(
            AdvSimd.ExtractNarrowingSaturateLower(AdvSimd.ShiftRightArithmetic(low, ResampleWindows.FractionBits)),
            AdvSimd.ExtractNarrowingSaturateLower(AdvSimd.ShiftRightArithmetic(high, ResampleWindows.FractionBits))));

    /// <summary>Four bytes where the next pixel will overwrite the fourth; behind the last pixel lies another row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store(byte* row, Vector128<int> sums, int x, int count)
    {
        var pixel = Narrow(sums, sums).AsUInt32().ToScalar();
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
