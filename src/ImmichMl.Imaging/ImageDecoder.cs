using System.Runtime.InteropServices;
using SkiaSharp;

namespace ImmichMl.Imaging;

/// <summary>
/// Decodes with Skia to the very pixels that Pillow gives: alpha is dropped, not composited; neither a colour profile
/// nor an EXIF orientation is applied; of an animation the first frame counts. Cannot be cancelled once begun.
/// </summary>
public static unsafe class ImageDecoder
{
    /// <summary>The native library that decoding needs.</summary>
    public const string LibraryFileName = "libSkiaSharp.so";

    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What <see cref="ImageHeader.Read"/> said of the same bytes.</param>
    /// <exception cref="ImageException">The image is truncated or damaged, or the codec disagrees with the header.</exception>
    /// <exception cref="DllNotFoundException">The native codec library cannot be loaded.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for the pixels.</exception>
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        try
        {
            return DecodePixels(image, header);
        }
        catch (Exception exception) when (exception is TypeInitializationException or TypeLoadException)
        {
            // DllNotFoundException and EntryPointNotFoundException are TypeLoadExceptions.
            var cause = exception.GetBaseException().Message;
            throw new DllNotFoundException(
                $"The image codec library {LibraryFileName}, which belongs beside the program, cannot be used: {cause}", exception);
        }
    }

    static Bitmap DecodePixels(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        fixed (byte* bytes = image)
        {
            using var data = SKData.Create((nint)bytes, image.Length);
            using var codec = SKCodec.Create(data) ?? throw Damaged(header);
            var info = codec.Info;
            if (codec.EncodedFormat != Encoded(header.Format) || info.Width != header.Width || info.Height != header.Height)
            {
                throw ImageException.Unreadable(
                    $"The {header.Format} header says {header.Width} x {header.Height}, its decoder {info.Width} x {info.Height}.");
            }

            // One block serves both steps: four bytes a pixel are decoded into it, then three stay.
            var pixels = (byte*)NativeMemory.Alloc((nuint)Bitmap.ByteCount(header.Width, header.Height, 4));
            try
            {
                var wanted = new SKImageInfo(header.Width, header.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
                var result = codec.GetPixels(wanted, (nint)pixels);
                if (result != SKCodecResult.Success)
                {
                    throw Damaged(header);
                }

                var count = header.Width * header.Height;
                RgbaToRgb.Compact(pixels, count);
                pixels = (byte*)NativeMemory.Realloc(pixels, ((nuint)count * Bitmap.BytesPerPixel) + Bitmap.Padding);
                var bitmap = new Bitmap(pixels, header.Width, header.Height);
                pixels = null;
                return bitmap;
            }
            finally
            {
                NativeMemory.Free(pixels);
            }
        }
    }

    static SKEncodedImageFormat Encoded(ImageFormat format) => format switch
    {
        ImageFormat.Jpeg => SKEncodedImageFormat.Jpeg,
        ImageFormat.Png => SKEncodedImageFormat.Png,
        ImageFormat.WebP => SKEncodedImageFormat.Webp,
        ImageFormat.Gif => SKEncodedImageFormat.Gif,
        ImageFormat.Bmp => SKEncodedImageFormat.Bmp,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    static ImageException Damaged(in ImageHeader header) => ImageException.Unreadable($"The {header.Format} is truncated or damaged.");
}
