using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Imaging;

/// <summary>
/// Encoded JPEG, PNG, WebP, GIF and BMP to RGB24, with the very pixels that Pillow 9.4's convert("RGB") gives: alpha is dropped, not
/// composited; neither a colour profile nor an EXIF orientation is applied; of an animation the first frame counts. Cannot be cancelled.
/// </summary>
/// <remarks>
/// Known differences:
/// CMYK by the managed codec, without Adobe's marker, comes out in wrong colours, and its JPEG is up to 30 levels off.
/// Of damaged JPEG data Skia's libjpeg does not always make the pixels that Pillow's makes.
/// </remarks>
public static class ImageDecoder
{
    /// <summary>The native library that must lie beside the program.</summary>
    public const string LibraryFileName = SkiaCodec.LibraryFileName;

    /// <summary><see cref="Decode(ReadOnlySpan{byte}, in ImageHeader, CodecChoice)"/> with the codec that suits.</summary>
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header) => Decode(image, header, CodecChoice.Auto);

    /// <summary>The picture, of the header's size; the caller disposes of it.</summary>
    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What <see cref="ImageHeader.Read"/> said of the same bytes.</param>
    /// <param name="choice">Which decoder.</param>
    /// <exception cref="ImageException">The image is truncated or damaged, or the codec disagrees with the header.</exception>
    /// <exception cref="DllNotFoundException">The codec that was asked for cannot be loaded.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for the pixels.</exception>
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice)
    {
        if (choice == CodecChoice.Turbo && !TurboJpegCodec.IsAvailable)
        {
            throw new DllNotFoundException($"{TurboJpegLibrary.FileName} cannot be loaded.");
        }

        var mayUseTurbo = choice is CodecChoice.Auto or CodecChoice.Turbo;
        switch (header.Format)
        {
            case ImageFormat.Gif:
                return GifCodec.Decode(image, header);
            case ImageFormat.Jpeg:
                // What libjpeg-turbo reads without a warning needs no second look.
                return (mayUseTurbo ? TurboJpegCodec.TryDecode(image, header) : null) ?? DecodeOddJpeg(image, header, choice, mayUseTurbo);
            case ImageFormat.Png:
                return DecodePng(PngRepair.Palette(image) is { } png ? png : image, header, choice);
            case ImageFormat.Bmp:
                return DecodeWhole(BmpRepair.Run(image, header) is { } bmp ? bmp : image, header, choice);
            default:
                return DecodeWhole(image, header, choice);
        }
    }

    static Bitmap DecodeOddJpeg(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice, bool mayUseTurbo)
    {
        var whole = JpegRepair.Run(image, header, out var isJudged) is { } repaired ? repaired : image;
        if (!isJudged)
        {
            var judged = DecodeWhole(whole, header, choice);
            if (!mayUseTurbo)
            {
                return judged;
            }

            judged.Dispose();
        }

        // Of damaged data Skia's libjpeg does not always make the pixels that Pillow's makes; its verdict is the same.
        return (mayUseTurbo ? TurboJpegCodec.TryDecode(whole, header, isJudged: true) : null) ?? DecodeWhole(whole, header, choice);
    }

    static Bitmap DecodePng(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice)
    {
        try
        {
            return DecodeWhole(image, header, choice);
        }
        catch (ImageException)
        {
            if (PngRepair.Checksums(image, header) is { } repaired)
            {
                return DecodeWhole(repaired, header, choice);
            }

            throw;
        }
    }

    static Bitmap DecodeWhole(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice) =>
        choice == CodecChoice.Managed || (choice == CodecChoice.Auto && !SkiaCodec.IsAvailable)
            ? ManagedCodec.Decode(image, header)
            : SkiaCodec.Decode(image, header);

    /// <summary>True where the choice can be followed; loads the library that it asks for by name.</summary>
    public static bool IsAvailable(CodecChoice choice) => choice != CodecChoice.Turbo || TurboJpegCodec.IsAvailable;

    /// <summary>What reads the pictures, in words. Loads nothing: what has not been needed yet is said to be so.</summary>
    public static string Describe(CodecChoice choice) => choice switch
    {
        CodecChoice.Managed => "managed codec",
        CodecChoice.Skia => "Skia",
        _ => TurboJpegLibrary.IsLoaded switch
        {
            true => "libjpeg-turbo for JPEG, Skia",
            false => "Skia",
            null => "libjpeg-turbo for JPEG if it loads (not needed yet), Skia",
        },
    };
}
