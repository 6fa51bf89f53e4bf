using ImmichMl.Imaging.Codecs;

namespace ImmichMl.Imaging;

/// <summary>
/// Decodes to the very pixels that Pillow gives: alpha is dropped, not composited; neither a colour profile nor an EXIF orientation is
/// applied; of an animation the first frame counts. Cannot be cancelled once begun.
/// </summary>
public static class ImageDecoder
{
    /// <summary>The native library that belongs beside the program.</summary>
    public const string LibraryFileName = SkiaCodec.LibraryFileName;

    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header) => Decode(image, header, CodecChoice.Auto);

    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What <see cref="ImageHeader.Read"/> said of the same bytes.</param>
    /// <param name="choice">Which decoder.</param>
    /// <exception cref="ImageException">The image is truncated or damaged, or the codec disagrees with the header.</exception>
    /// <exception cref="DllNotFoundException">The codec that was asked for cannot be loaded.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory for the pixels.</exception>
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice)
    {
        if (choice == CodecChoice.Managed)
        {
            return ManagedCodec.Decode(image, header);
        }

        if (choice == CodecChoice.Turbo && !TurboJpegCodec.IsAvailable)
        {
            throw new DllNotFoundException($"{TurboJpegLibrary.FileName} cannot be loaded.");
        }

        if (choice != CodecChoice.Skia && header.Format == ImageFormat.Jpeg && TurboJpegCodec.TryDecode(image, header) is { } bitmap)
        {
            return bitmap;
        }

        return choice == CodecChoice.Auto && !SkiaCodec.IsAvailable
            ? ManagedCodec.Decode(image, header)
            : SkiaCodec.Decode(image, header);
    }

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
