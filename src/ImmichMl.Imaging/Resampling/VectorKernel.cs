using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Resampling;

/// <summary>Filters two rows at a time in vectors of 128 bits; <see cref="IWeightedSum{TSelf}"/> holds what differs by processor.</summary>
static unsafe class VectorKernel
{
    public static void Horizontal(in RowBlock rows, in WindowTable windows)
    {
        KernelPaths.LastAcross = KernelPath.Vector;
        for (var row = 0; row < rows.Count; row += 2)
        {
            nint second = rows.Row(row + 1);
            byte* from0 = rows.From + (row * rows.FromStride), from1 = rows.From + (second * rows.FromStride);
            byte* to0 = rows.To + (row * rows.ToStride), to1 = rows.To + (second * rows.ToStride);
            if (AdvSimd.Arm64.IsSupported)
            {
                TwoRows<NeonSum>(from0, from1, to0, to1, windows);
            }
            else
            {
                TwoRows<Ssse3Sum>(from0, from1, to0, to1, windows);
            }
        }
    }

    static void TwoRows<TSum>(byte* from0, byte* from1, byte* to0, byte* to1, in WindowTable windows)
        where TSum : struct, IWeightedSum<TSum>
    {
        for (var x = 0; x < windows.Count; x++)
        {
            var weights = TSum.Weights(windows) + ((nint)x * windows.Stride * sizeof(int));
            var offset = (nint)windows.Starts[x] * Bitmap.BytesPerPixel;
            var end = offset + ((nint)windows.Lengths[x] * Bitmap.BytesPerPixel);
            TSum sum0 = TSum.OfPixel, sum1 = TSum.OfPixel;
            for (; offset < end; offset += 4 * Bitmap.BytesPerPixel, weights += 4 * sizeof(int))
            {
                TSum.AddPixels(weights, Vector128.Load(from0 + offset), Vector128.Load(from1 + offset), ref sum0, ref sum1);
            }

            var words = Shifted(sum0.Pixel, sum1.Pixel);
            var pixels = VectorMath.PackToBytes(words, words).AsUInt64().ToScalar();
            Store(to0, (uint)pixels, x, windows.Count);
            Store(to1, (uint)(pixels >> 32), x, windows.Count);
        }
    }

    public static void Vertical(in Column column)
    {
        KernelPaths.LastDown = KernelPath.Vector;
        var spill = stackalloc byte[Vector128<byte>.Count];
        for (var x = 0; x < column.Bytes; x += Vector128<byte>.Count)
        {
            var left = column.Bytes - x;
            var sums = AdvSimd.Arm64.IsSupported ? Sum<NeonSum>(column, x) : Sum<Ssse3Sum>(column, x);
            if (left >= Vector128<byte>.Count)
            {
                sums.Store(column.To + x);
            }
            else
            {
                sums.Store(spill);
                Unsafe.CopyBlockUnaligned(column.To + x, spill, (uint)left);
            }
        }
    }

    static Vector128<byte> Sum<TSum>(in Column column, int x)
        where TSum : struct, IWeightedSum<TSum>
    {
        TSum low = TSum.OfColumn, high = TSum.OfColumn;
        var from = column.From + x;
        for (var k = 0; k < column.Length; k += TSum.RowsAtOnce, from += TSum.RowsAtOnce * column.Stride)
        {
            var next = TSum.RowsAtOnce > 1 && k + 1 < column.Length ? Vector128.Load(from + column.Stride) : Vector128<byte>.Zero;
            TSum.AddRows(column, k, Vector128.Load(from), next, ref low, ref high);
        }

        return VectorMath.PackToBytes(Shifted(low.First, low.Second), Shifted(high.First, high.Second));
    }

    /// <summary>Without the fraction.</summary>
    static Vector128<short> Shifted(Vector128<int> low, Vector128<int> high) => Vector128.NarrowWithSaturation(
        Vector128.ShiftRightArithmetic(low, ResampleWindows.FractionBits),
        Vector128.ShiftRightArithmetic(high, ResampleWindows.FractionBits));

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
