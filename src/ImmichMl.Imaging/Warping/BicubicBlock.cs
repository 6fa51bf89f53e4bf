using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging.Warping;

/// <summary>
/// Four pixels of <see cref="BicubicPass"/> at once, far enough from the edges that no column or row repeats. The same operations in the
/// same order, none of them fused, so the same bits; differences of bytes are whole numbers, so those are taken before they become doubles.
/// </summary>
static unsafe class BicubicBlock
{
    public const int Length = 4;

    /// <returns>False where one of them needs the edges: then nothing is written. Needs AVX2.</returns>
    /// <param name="source">Its padding is read.</param>
    /// <param name="pixels">Its pixels.</param>
    /// <param name="atX">Places in the source.</param>
    /// <param name="atY">Places in the source.</param>
    /// <param name="to">Twelve bytes.</param>
    public static bool TrySample(Bitmap source, byte* pixels, Vector256<double> atX, Vector256<double> atY, byte* to)
    {
        Vector256<double> half = Vector256.Create(0.5), fromX = atX - half, fromY = atY - half;
        Vector256<double> left = Vector256.Floor(fromX), top = Vector256.Floor(fromY);

        // Of the 4 × 4 pixels around; what is no number is nowhere.
        var inside = Vector256.GreaterThanOrEqual(left, Vector256<double>.One) & Vector256.LessThanOrEqual(left, Vector256.Create(source.Width - 3.0))
            & Vector256.GreaterThanOrEqual(top, Vector256<double>.One) & Vector256.LessThanOrEqual(top, Vector256.Create(source.Height - 3.0));
        if (inside.ExtractMostSignificantBits() != 0b1111)
        {
            return false;
        }

        double* right = stackalloc double[2 * Length];
        var lower = right + Length;
        (fromX - left).Store(right);
        (fromY - top).Store(lower);
        int* columns = stackalloc int[2 * Length];
        var rows = columns + Length;
        Avx.ConvertToVector128Int32WithTruncation(left).Store(columns);
        Avx.ConvertToVector128Int32WithTruncation(top).Store(rows);
        var stride = (nint)source.Stride;
        var first = Sample(pixels + ((rows[0] - 1) * stride) + ((nint)(columns[0] - 1) * Bitmap.BytesPerPixel), stride, right[0], lower[0]);
        var second = Sample(pixels + ((rows[1] - 1) * stride) + ((nint)(columns[1] - 1) * Bitmap.BytesPerPixel), stride, right[1], lower[1]);
        var third = Sample(pixels + ((rows[2] - 1) * stride) + ((nint)(columns[2] - 1) * Bitmap.BytesPerPixel), stride, right[2], lower[2]);
        var fourth = Sample(pixels + ((rows[3] - 1) * stride) + ((nint)(columns[3] - 1) * Bitmap.BytesPerPixel), stride, right[3], lower[3]);

        // Packing keeps to 0 and 255 what lies outside.
        var bytes = Sse2.PackUnsignedSaturate(
            Sse41.PackUnsignedSaturate(first, second).AsInt16(), Sse41.PackUnsignedSaturate(third, fourth).AsInt16());
        bytes = Ssse3.Shuffle(bytes, Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 128, 128, 128, 128));
        *(ulong*)to = bytes.AsUInt64().ToScalar();
        *(uint*)(to + sizeof(ulong)) = bytes.AsUInt32().GetElement(2);
        return true;
    }

    /// <summary>Red, green, blue and nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<int> Sample(byte* from, nint stride, double right, double lower)
    {
        var dx = Vector256.Create(right);
        var mixed = Cubic(
            Along(Vector128.Load(from), dx), Along(Vector128.Load(from + stride), dx), Along(Vector128.Load(from + (2 * stride)), dx),
            Along(Vector128.Load(from + (3 * stride)), dx), Vector256.Create(lower));
        return Avx.ConvertToVector128Int32WithTruncation(mixed);
    }

    /// <summary>Sixteen bytes hold four pixels and a third.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Along(Vector128<byte> four, Vector256<double> d)
    {
        var v1 = Ssse3.Shuffle(four, Vector128.Create((byte)0, 128, 128, 128, 1, 128, 128, 128, 2, 128, 128, 128, 128, 128, 128, 128)).AsInt32();
        var v2 = Ssse3.Shuffle(four, Vector128.Create((byte)3, 128, 128, 128, 4, 128, 128, 128, 5, 128, 128, 128, 128, 128, 128, 128)).AsInt32();
        var v3 = Ssse3.Shuffle(four, Vector128.Create((byte)6, 128, 128, 128, 7, 128, 128, 128, 8, 128, 128, 128, 128, 128, 128, 128)).AsInt32();
        var v4 = Ssse3.Shuffle(four, Vector128.Create((byte)9, 128, 128, 128, 10, 128, 128, 128, 11, 128, 128, 128, 128, 128, 128, 128)).AsInt32();
        Vector128<int> difference = v1 - v2, onward = v3 - v4;
        return Mix(
            Avx.ConvertToVector256Double(v2), Avx.ConvertToVector256Double(v3 - v1),
            Avx.ConvertToVector256Double(difference + difference + onward), Avx.ConvertToVector256Double(-(difference + onward)), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Cubic(Vector256<double> v1, Vector256<double> v2, Vector256<double> v3, Vector256<double> v4, Vector256<double> d)
    {
        var difference = v1 - v2;
        return Mix(v2, v3 - v1, difference + difference + v3 - v4, v2 - v1 - v3 + v4, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Mix(Vector256<double> p1, Vector256<double> p2, Vector256<double> p3, Vector256<double> p4, Vector256<double> d) =>
        p1 + (d * (p2 + (d * (p3 + (d * p4)))));
}
