using SkiaSharp;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// Skia, which reads every format; GIF is not left to it. It knows no RGB24: where it can give rows (JPEG, PNG) a strip of RGBA is turned
/// into RGB at a time, else the whole picture is.
/// </summary>
static unsafe class SkiaCodec
{
    public const string LibraryFileName = "libSkiaSharp.so";

    const int RgbaBytes = 4;
    const int StripRows = 32;

    static readonly Lazy<Exception?> s_fault = new(Probe);

    /// <summary>Loads the library at the first call.</summary>
    public static bool IsAvailable => s_fault.Value is null;

    /// <exception cref="DllNotFoundException">The library cannot be used.</exception>
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        if (s_fault.Value is { } fault)
        {
            throw new DllNotFoundException(
                $"The image codec library {LibraryFileName}, which belongs beside the program, cannot be used: "
                + fault.GetBaseException().Message,
                fault);
        }

        fixed (byte* bytes = image)
        {
            using var data = SKData.Create((nint)bytes, image.Length);
            using var codec = SKCodec.Create(data) ?? throw ImageException.Damaged(header);
            var info = codec.Info;
            if (codec.EncodedFormat != Encoded(header.Format) || info.Width != header.Width || info.Height != header.Height)
            {
                throw ImageException.Unreadable(
                    $"The {header.Format} header says {header.Width} x {header.Height}, its decoder {info.Width} x {info.Height}.");
            }

            var wanted = new SKImageInfo(header.Width, header.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
            return header.Format is ImageFormat.Jpeg or ImageFormat.Png
                && codec.StartScanlineDecode(wanted) == SKCodecResult.Success
                && codec.ScanlineOrder == SKCodecScanlineOrder.TopDown
                ? InStrips(codec, header)
                : AtOnce(codec, wanted, header);
        }
    }

    static Bitmap InStrips(SKCodec codec, in ImageHeader header)
    {
        var bitmap = Bitmap.Allocate(header.Width, header.Height);
        var strip = (byte*)NativeMemory.Alloc((nuint)Bitmap.ByteCount(header.Width, StripRows, RgbaBytes));
        try
        {
            for (var y = 0; y < header.Height; y += StripRows)
            {
                var rows = Math.Min(StripRows, header.Height - y);
                if (codec.GetScanlines((nint)strip, rows, header.Width * RgbaBytes) != rows)
                {
                    throw ImageException.Damaged(header);
                }

                RgbaToRgb.Compact(strip, rows * header.Width);
                new ReadOnlySpan<byte>(strip, rows * bitmap.Stride).CopyTo(bitmap.Pixels[(y * bitmap.Stride)..]);
            }
        }
        catch
        {
            bitmap.Dispose();
            throw;
        }
        finally
        {
            NativeMemory.Free(strip);
        }

        return bitmap;
    }

    /// <summary>One block serves both steps: four bytes a pixel are decoded into it, then three stay.</summary>
    static Bitmap AtOnce(SKCodec codec, SKImageInfo wanted, in ImageHeader header)
    {
        var pixels = (byte*)NativeMemory.Alloc((nuint)Bitmap.ByteCount(header.Width, header.Height, RgbaBytes));
        try
        {
            if (codec.GetPixels(wanted, (nint)pixels) != SKCodecResult.Success)
            {
                throw ImageException.Damaged(header);
            }

            RgbaToRgb.Compact(pixels, header.Width * header.Height);
            return Bitmap.Adopt(ref pixels, header.Width, header.Height);
        }
        finally
        {
            NativeMemory.Free(pixels);
        }
    }

    static SKEncodedImageFormat Encoded(ImageFormat format) => format switch
    {
        ImageFormat.Jpeg => SKEncodedImageFormat.Jpeg,
        ImageFormat.Png => SKEncodedImageFormat.Png,
        ImageFormat.WebP => SKEncodedImageFormat.Webp,
        ImageFormat.Bmp => SKEncodedImageFormat.Bmp,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    static Exception? Probe()
    {
        try
        {
            using var empty = SKData.CreateCopy([]);
            return null;
        }
        catch (Exception exception) when (exception is TypeInitializationException or TypeLoadException)
        {
            // DllNotFoundException and EntryPointNotFoundException are TypeLoadExceptions.
            return exception;
        }
    }
}
