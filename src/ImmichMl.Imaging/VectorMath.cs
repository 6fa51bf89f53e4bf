using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging;

/// <summary>The few steps on 128 bits that <see cref="Vector128"/> does not compile to one instruction of each processor.</summary>
static class VectorMath
{
    /// <summary>The bytes of the table at these positions; 0 where an index has its upper bit set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Lookup(Vector128<byte> table, Vector128<byte> indexes) => Vector128.ShuffleNative(table, indexes);

    /// <summary>Each pair multiplied and added to one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> PairSums(Vector128<short> pairs, Vector128<short> weights) =>
        AdvSimd.Arm64.IsSupported
            ? AdvSimd.Arm64.AddPairwise(
                AdvSimd.MultiplyWideningLower(pairs.GetLower(), weights.GetLower()), AdvSimd.MultiplyWideningUpper(pairs, weights))
            : Sse2.MultiplyAddAdjacent(pairs, weights);

    /// <summary>The upper 16 bits of each product. NEON doubles it first; half of that, rounded down, is the same number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> MultiplyHigh(Vector128<short> left, Vector128<short> right) =>
        AdvSimd.IsSupported
            ? Vector128.ShiftRightArithmetic(AdvSimd.MultiplyDoublingSaturateHigh(left, right), 1)
            : Sse2.MultiplyHigh(left, right);

    /// <summary>Clipped to 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> PackToBytes(Vector128<short> low, Vector128<short> high) =>
        AdvSimd.IsSupported
            ? AdvSimd.ExtractNarrowingSaturateUnsignedUpper(AdvSimd.ExtractNarrowingSaturateUnsignedLower(low), high)
            : Sse2.PackUnsignedSaturate(low, high);
}
