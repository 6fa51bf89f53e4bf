namespace ImmichMl.Imaging;

/// <summary>
/// Decoded RGB24 (NHWC of one picture, uint8): height rows of width pixels of red, green, blue, tightly packed, from the top down. It lies
/// in native memory, which only <see cref="Dispose"/> gives back. Several threads may read it at once; writing and disposing need it alone.
/// </summary>
// No finalizer: it could free the pixels under a span whose bitmap is no longer referenced.
public sealed unsafe class Bitmap : IDisposable
{
    public const int BytesPerPixel = 3;

    /// <summary>Bytes behind the last row that vector code may read; they hold anything.</summary>
    internal const int Padding = 32;

    byte* _pixels;

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

    /// <summary>In pixels, at least 1.</summary>
    public int Width { get; }

    /// <summary>In pixels, at least 1.</summary>
    public int Height { get; }

    /// <summary>Bytes from one row to the next: 3 · width.</summary>
    public int Stride => Width * BytesPerPixel;

    /// <summary>All rows, 3 · width · height bytes; valid until the bitmap is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">The bitmap has been disposed of.</exception>
    public Span<byte> Pixels
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pixels == null, this);
            return new(_pixels, Stride * Height);
        }
    }

    /// <summary>A bitmap whose pixels hold anything.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is under 1.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for it, or it would pass 2 GiB.</exception>
    public static Bitmap Allocate(int width, int height) =>
        new((byte*)NativeMemory.Alloc((nuint)ByteCount(width, height, BytesPerPixel) + Padding), width, height);

    /// <summary>Row <paramref name="y"/> from the top, 3 · width bytes.</summary>
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
