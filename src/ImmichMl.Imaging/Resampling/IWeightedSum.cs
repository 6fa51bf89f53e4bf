using System.Runtime.Intrinsics.X86;
using ImmichMl.Imaging.Wide;

namespace ImmichMl.Imaging.Resampling;

/// <summary>
/// Bytes times weights, summed to 32 bits in the way that is fastest on one kind of processor: of one pixel's channels along a row, or of
/// eight bytes down the columns. It begins with the half that makes the shift at the end round.
/// </summary>
unsafe interface IWeightedSum<TSelf>
    where TSelf : struct, IWeightedSum<TSelf>
{
    static abstract TSelf OfPixel { get; }

    static abstract TSelf OfColumn { get; }

    /// <summary>How many rows <see cref="AddRows"/> takes: 2, or 1, and then its second is not read.</summary>
    static abstract int RowsAtOnce { get; }

    /// <summary>Red, green, blue and a number that means nothing.</summary>
    Vector128<int> Pixel { get; }

    /// <summary>Of the first four of eight bytes.</summary>
    Vector128<int> First { get; }

    /// <summary>Of the last four of eight bytes.</summary>
    Vector128<int> Second { get; }

    /// <summary>The weights in the form that <see cref="AddPixels"/> reads: 16 bytes for each four of them.</summary>
    static abstract byte* Weights(in WindowTable windows);

    /// <summary>Four pixels each of two rows, in the lower twelve bytes, with the same four weights.</summary>
    static abstract void AddPixels(byte* weights, Vector128<byte> pixels0, Vector128<byte> pixels1, ref TSelf sum0, ref TSelf sum1);

    /// <summary>Sixteen bytes each of row <paramref name="k"/> of the column and of the next one, which is zero behind the last.</summary>
    static abstract void AddRows(in Column column, int k, Vector128<byte> row, Vector128<byte> next, ref TSelf low, ref TSelf high);
}

/// <summary>Exact in 16-bit multiply-adds: a weight is upper · 2^11 + lower, and the sums of the halves are joined at the end.</summary>
unsafe struct Ssse3Sum : IWeightedSum<Ssse3Sum>
{
    // Which of four 16-bit numbers stand side by side.
    Vector128<int> _upper, _lower, _upperMore, _lowerMore;

    public static Ssse3Sum OfPixel => Starting(Vector128.Create(ResampleWindows.Half, 0, ResampleWindows.Half, 0));

    public static Ssse3Sum OfColumn => Starting(Vector128.Create(ResampleWindows.Half));

    public static int RowsAtOnce => 2;

    public readonly Vector128<int> Pixel => Ssse3.HorizontalAdd(First, Second);

    public readonly Vector128<int> First => Vector128.ShiftLeft(_upper, ResampleWindows.LowerBits) + _lower;

    public readonly Vector128<int> Second => Vector128.ShiftLeft(_upperMore, ResampleWindows.LowerBits) + _lowerMore;

    public static byte* Weights(in WindowTable windows) => (byte*)windows.Halves;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddPixels(byte* weights, Vector128<byte> pixels0, Vector128<byte> pixels1, ref Ssse3Sum sum0, ref Ssse3Sum sum1)
    {
        const byte Z = 0x80;
        var redGreen = Vector128.Create((byte)0, Z, 3, Z, 6, Z, 9, Z, 1, Z, 4, Z, 7, Z, 10, Z);
        var blue = Vector128.Create((byte)2, Z, 5, Z, 8, Z, 11, Z, Z, Z, Z, Z, Z, Z, Z, Z);
        var upper = Sse3.LoadAndDuplicateToVector128((double*)weights).AsInt16();
        var lower = Sse3.LoadAndDuplicateToVector128((double*)weights + 1).AsInt16();
        sum0.Add(VectorMath.Lookup(pixels0, redGreen), VectorMath.Lookup(pixels0, blue), upper, lower);
        sum1.Add(VectorMath.Lookup(pixels1, redGreen), VectorMath.Lookup(pixels1, blue), upper, lower);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddRows(in Column column, int k, Vector128<byte> row, Vector128<byte> next, ref Ssse3Sum low, ref Ssse3Sum high)
    {
        // Of each four weights two pairs of upper halves come first, then two pairs of lower ones.
        var pair = (int*)column.Halves + ((k / 4 * 4) + (k / 2 % 2));
        Vector128<short> upper = Vector128.Create(*pair).AsInt16(), lower = Vector128.Create(pair[2]).AsInt16();
        Vector128<byte> first = Sse2.UnpackLow(row, next), second = Sse2.UnpackHigh(row, next), zero = Vector128<byte>.Zero;
        low.Add(Sse2.UnpackLow(first, zero), Sse2.UnpackHigh(first, zero), upper, lower);
        high.Add(Sse2.UnpackLow(second, zero), Sse2.UnpackHigh(second, zero), upper, lower);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Ssse3Sum Starting(Vector128<int> half) => new() { _lower = half, _lowerMore = half };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Add(Vector128<byte> pairs, Vector128<byte> more, Vector128<short> upper, Vector128<short> lower)
    {
        _upper += VectorMath.PairSums(pairs.AsInt16(), upper);
        _lower += VectorMath.PairSums(pairs.AsInt16(), lower);
        _upperMore += VectorMath.PairSums(more.AsInt16(), upper);
        _lowerMore += VectorMath.PairSums(more.AsInt16(), lower);
    }
}

/// <summary>For arm64, whose 32-bit multiply-add is fast enough that the weights need no splitting.</summary>
unsafe struct NeonSum : IWeightedSum<NeonSum>
{
    public static NeonSum OfPixel
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { First = Vector128.Create(ResampleWindows.Half) };
    }

    public static NeonSum OfColumn
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { First = Vector128.Create(ResampleWindows.Half), Second = Vector128.Create(ResampleWindows.Half) };
    }

    public static int RowsAtOnce => 1;

    public readonly Vector128<int> Pixel => First + Second;

    public Vector128<int> First { readonly get; private set; }

    public Vector128<int> Second { readonly get; private set; }

    public static byte* Weights(in WindowTable windows) => (byte*)windows.Weights;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddPixels(byte* weights, Vector128<byte> pixels0, Vector128<byte> pixels1, ref NeonSum sum0, ref NeonSum sum1)
    {
        var four = Vector128.Load((int*)weights);
        sum0.Add(pixels0, four);
        sum1.Add(pixels1, four);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddRows(in Column column, int k, Vector128<byte> row, Vector128<byte> next, ref NeonSum low, ref NeonSum high)
    {
        var weight = Vector128.Create(column.Weights[k]);
        low.AddEight(Vector128.WidenLower(row), weight);
        high.AddEight(Vector128.WidenUpper(row), weight);
    }

    // Even and odd pixels apart, so that no multiply-add waits for the one before it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void Add(Vector128<byte> pixels, Vector128<int> weights)
    {
        First = AdvSimd.MultiplyAddBySelectedScalar(First, Channels(pixels, 0), weights, 0);
        Second = AdvSimd.MultiplyAddBySelectedScalar(Second, Channels(pixels, 3), weights, 1);
        First = AdvSimd.MultiplyAddBySelectedScalar(First, Channels(pixels, 6), weights, 2);
        Second = AdvSimd.MultiplyAddBySelectedScalar(Second, Channels(pixels, 9), weights, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void AddEight(Vector128<ushort> bytes, Vector128<int> weight)
    {
        First = AdvSimd.MultiplyAdd(First, Vector128.WidenLower(bytes).AsInt32(), weight);
        Second = AdvSimd.MultiplyAdd(Second, Vector128.WidenUpper(bytes).AsInt32(), weight);
    }

    /// <summary>Three bytes to three 32-bit lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<int> Channels(Vector128<byte> pixels, byte at)
    {
        const byte Z = 0xFF;
        return VectorMath.Lookup(
            pixels, Vector128.Create(at, Z, Z, Z, (byte)(at + 1), Z, Z, Z, (byte)(at + 2), Z, Z, Z, Z, Z, Z, Z)).AsInt32();
    }
}
