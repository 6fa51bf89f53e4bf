using System.Runtime.InteropServices;

namespace ImmichMl.Imaging;

/// <summary>
/// Decoded RGB24 with tightly packed rows, in native memory that whoever holds the bitmap must dispose of.
/// Several threads may read it at once; who writes or disposes does so alone.
/// </summary>
// No finalizer: it could free the pixels under a span whose bitmap is no longer referenced.
public sealed unsafe class Bitmap : IDisposable
{
    public const int BytesPerPixel = 3;

    /// <summary>Bytes behind the last row that vector code may read; they hold anything.</summary>
    internal const int Padding = 32;

    byte* _pixels;

    /// <summary>Takes over <paramref name="pixels"/>, which came from NativeMemory with <see cref="Padding"/> bytes more than it needs.</summary>
    Bitmap(byte* pixels, int width, int height)
    {
        _pixels = pixels;
        Width = width;
        Height = height;
    }

    /// <summary>Makes the bitmap of a block from NativeMemory that begins with its pixels; what lies behind them is given back.</summary>
    /// <param name="pixels">The bitmap's from now on, and null here.</param>
    /// <param name="width">Of the bitmap.</param>
    /// <param name="height">Of the bitmap.</param>
    internal static Bitmap Adopt(ref byte* pixels, int width, int height)
    {
        pixels = (byte*)NativeMemory.Realloc(pixels, (nuint)ByteCount(width, height, BytesPerPixel) + Padding);
        var bitmap = new Bitmap(pixels, width, height);
        pixels = null;
        return bitmap;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => Width * BytesPerPixel;

    public Span<byte> Pixels
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pixels == null, this);
            return new(_pixels, Stride * Height);
        }
    }

    /// <summary>The pixels hold whatever the memory held.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it.</exception>
    public static Bitmap Allocate(int width, int height) =>
        new((byte*)NativeMemory.Alloc((nuint)ByteCount(width, height, BytesPerPixel) + Padding), width, height);

    public Span<byte> Row(int y)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height);
        return Pixels.Slice(y * Stride, Stride);
    }

    public void Dispose()
    {
        NativeMemory.Free(_pixels);
        _pixels = null;
    }

    internal static int ByteCount(int width, int height, int bytesPerPixel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        return (long)width * height <= int.MaxValue / bytesPerPixel
            ? width * height * bytesPerPixel
            : throw new InsufficientMemoryException($"A bitmap of {width} x {height} pixels is beyond 2 GiB.");
    }
}
