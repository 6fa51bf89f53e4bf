using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ImmichMl.Imaging;

/// <summary>RGB24 into three planes of (v - subtract) / divide, sixteen pixels at a time: the same two operations as one by one, so the same bits.</summary>
static class PlanesOfBytes
{
    const int Pixels = 16;

    /// <returns>How many pixels were written; the rest, and all where there is no AVX2, is the caller's.</returns>
    public static int Write(ReadOnlySpan<byte> pixels, Span<float> red, Span<float> green, Span<float> blue, float subtract, float divide)
    {
        if (!Avx2.IsSupported)
        {
            return 0;
        }

        var count = Math.Min(red.Length, Math.Min(green.Length, blue.Length)) / Pixels * Pixels;
        ArgumentOutOfRangeException.ThrowIfLessThan(pixels.Length, count * Bitmap.BytesPerPixel);
        ref var from = ref MemoryMarshal.GetReference(pixels);
        Vector256<float> minus = Vector256.Create(subtract), over = Vector256.Create(divide);
        for (var i = 0; i < count; i += Pixels)
        {
            var at = (nuint)(i * Bitmap.BytesPerPixel);
            Vector128<byte> a = Vector128.LoadUnsafe(ref from, at), b = Vector128.LoadUnsafe(ref from, at + 16), c = Vector128.LoadUnsafe(ref from, at + 32);
            Store(
                Ssse3.Shuffle(a, Vector128.Create((byte)0, 3, 6, 9, 12, 15, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(b, Vector128.Create((byte)128, 128, 128, 128, 128, 128, 2, 5, 8, 11, 14, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(c, Vector128.Create((byte)128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1, 4, 7, 10, 13)),
                minus, over, red[i..]);
            Store(
                Ssse3.Shuffle(a, Vector128.Create((byte)1, 4, 7, 10, 13, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(b, Vector128.Create((byte)128, 128, 128, 128, 128, 0, 3, 6, 9, 12, 15, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(c, Vector128.Create((byte)128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 2, 5, 8, 11, 14)),
                minus, over, green[i..]);
            Store(
                Ssse3.Shuffle(a, Vector128.Create((byte)2, 5, 8, 11, 14, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(b, Vector128.Create((byte)128, 128, 128, 128, 128, 1, 4, 7, 10, 13, 128, 128, 128, 128, 128, 128))
                | Ssse3.Shuffle(c, Vector128.Create((byte)128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 0, 3, 6, 9, 12, 15)),
                minus, over, blue[i..]);
        }

        return count;
    }

    static void Store(Vector128<byte> values, Vector256<float> minus, Vector256<float> over, Span<float> to)
    {
        var low = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(values));
        var high = Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Vector128.Create(values.GetUpper(), Vector64<byte>.Zero)));
        ((low - minus) / over).CopyTo(to);
        ((high - minus) / over).CopyTo(to[Vector256<float>.Count..]);
    }
}
