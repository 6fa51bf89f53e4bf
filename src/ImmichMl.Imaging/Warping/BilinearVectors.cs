using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Warping;

/// <summary>The vector forms of <see cref="BilinearPass"/>. Each returns how far it came; the scalar loop does the rest.</summary>
static unsafe class BilinearVectors
{
    // These three inlined: the compiler ahead of time leaves them as calls within the loops, at twice to three times the cost.
    // Two neighbouring pixels as 16-bit pairs, channel by channel: r0 r1, g0 g1, b0 b1, and nothing.
    static Vector128<byte> Pairs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 255, 3, 255, 1, 255, 4, 255, 2, 255, 5, 255, 255, 255, 255, 255);
    }

    // Two times three 16-bit numbers with a gap after each three: close the gaps.
    static Vector128<byte> Close
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 255, 255, 255, 255);
    }

    public static int Across(byte* row, int stride, in LinearTaps taps, short* to, KernelPath path)
    {
        // Eight bytes are read at each position. First rises, so the positions where that is safe stand in front.
        var end = taps.Count;
        while (end > 0 && ((long)taps.First[end - 1] * Bitmap.BytesPerPixel) + 8 > stride)
        {
            end--;
        }

        return path == KernelPath.Wide
            ? WideKernels.BilinearAcross(row, taps.First, taps.Pairs, end, to)
            : Across128(row, taps.First, taps.Pairs, end, to);
    }

    public static int Down(short* upper, short* lower, short a, short b, Span<byte> to, KernelPath path)
    {
        if (path != KernelPath.Wide)
        {
            return Down128(upper, lower, a, b, to);
        }

        fixed (byte* target = to)
        {
            return WideKernels.BilinearDown(upper, lower, a, b, target, to.Length);
        }
    }

    /// <summary>One pixel between four, with weights of 5 bits; a fourth byte is written behind it.</summary>
    public static void Sample(byte* pixel, int stride, int right, int lower, byte* to)
    {
        var across = Weights((short)(32 - right), (short)right);
        var upperSums = VectorMath.PairSums(VectorMath.Lookup(Load8(pixel), Pairs).AsInt16(), across);
        var lowerSums = VectorMath.PairSums(VectorMath.Lookup(Load8(pixel + stride), Pairs).AsInt16(), across);

        // Sums are under 2^13, so two of them are a pair again.
        var pairs = (upperSums | Vector128.ShiftLeft(lowerSums, 16)).AsInt16();
        var sums = VectorMath.PairSums(pairs, Weights((short)(32 - lower), (short)lower)) + Vector128.Create(512);
        *(uint*)to = VectorMath.Lookup(Vector128.ShiftRightArithmetic(sums, 10).AsByte(), Bytes).AsUInt32().ToScalar();
    }

    // The lowest byte of each of three 32-bit numbers.
    static Vector128<byte> Bytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create(0xFF080400, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF).AsByte();
    }

    static int Across128(byte* row, int* first, uint* weights, int end, short* to)
    {
        var x = 0;
        for (; x + 2 <= end; x += 2)
        {
            var left = Weigh(Load8(row + (first[x] * 3)), Vector128.Create(weights[x]).AsInt16());
            var right = Weigh(Load8(row + (first[x + 1] * 3)), Vector128.Create(weights[x + 1]).AsInt16());
            VectorMath.Lookup(Vector128.NarrowWithSaturation(left, right).AsByte(), Close).AsInt16().Store(to + (x * 3));
        }

        return x;
    }

    static int Down128(short* upper, short* lower, short a, short b, Span<byte> to)
    {
        Vector128<short> wa = Vector128.Create(a), wb = Vector128.Create(b), two = Vector128.Create((short)2);
        ref var target = ref MemoryMarshal.GetReference(to);
        var i = 0;
        for (; i + 16 <= to.Length; i += 16)
        {
            var low = Mix(Vector128.Load(upper + i), Vector128.Load(lower + i), wa, wb, two);
            var high = Mix(Vector128.Load(upper + i + 8), Vector128.Load(lower + i + 8), wa, wb, two);
            VectorMath.PackToBytes(low, high).StoreUnsafe(ref target, (nuint)i);
        }

        return i;
    }

    static Vector128<short> Mix(
        Vector128<short> upper, Vector128<short> lower, Vector128<short> a, Vector128<short> b, Vector128<short> two) =>
        Vector128.ShiftRightArithmetic(VectorMath.MultiplyHigh(upper, a) + VectorMath.MultiplyHigh(lower, b) + two, 2);

    static Vector128<int> Weigh(Vector128<byte> pixels, Vector128<short> weights) =>
        Vector128.ShiftRightArithmetic(VectorMath.PairSums(VectorMath.Lookup(pixels, Pairs).AsInt16(), weights), 4);

    static Vector128<short> Weights(short a, short b) => Vector128.Create((ushort)a | (b << 16)).AsInt16();

    static Vector128<byte> Load8(byte* from) => Vector128.CreateScalarUnsafe(*(ulong*)from).AsByte();
}
