using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>What StbImageSharp does not read, and what it takes for good though it is damaged.</summary>
static class ManagedCheck
{
    // Its memory: 12 bytes a pixel for a progressive JPEG, and every byte of a PNG twice before the pixels.
    const long MostProgressivePixels = 24_000_000;
    const long MostPngBytes = 200_000_000;

    public static void Run(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        switch (header.Format)
        {
            case ImageFormat.Jpeg:
                CheckJpeg(image, header);
                break;
            case ImageFormat.Png:
                PngData.Check(image, header);
                break;
            case ImageFormat.Bmp:
                CheckBmp(image);
                break;
            default:
                throw Unsupported($"{header.Format}");
        }
    }

    internal static void CheckPngBytes(long bytes)
    {
        if (bytes > MostPngBytes)
        {
            throw ImageException.TooLarge($"The managed codec reads PNG up to {MostPngBytes} bytes of pixels.");
        }
    }

    internal static ImageException Unsupported(string what) =>
        ImageException.Unsupported($"{what} is not supported by the managed codec, which is in use here.");

    /// <summary>Arithmetic coding; its decoder would take it for Huffman. The header check has walked to the frame already.</summary>
    static void CheckJpeg(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        byte marker = 0;
        for (var position = 2; !JpegMarker.IsFrame(marker) && JpegMarker.TryNextSegment(image, ref position, out marker, out _);)
        {
        }

        if (marker is not (JpegMarker.BaselineFrame or JpegMarker.ExtendedFrame or JpegMarker.ProgressiveFrame))
        {
            throw Unsupported("Arithmetic JPEG");
        }

        if (!JpegRepair.IsWhole(image, header))
        {
            // Where others fill with gray it goes on with whatever comes out.
            throw Unsupported("JPEG with missing data");
        }

        if (marker == JpegMarker.ProgressiveFrame && (long)header.Width * header.Height > MostProgressivePixels)
        {
            throw ImageException.TooLarge($"The managed codec reads progressive JPEG up to {MostProgressivePixels} pixels.");
        }
    }

    static void CheckBmp(ReadOnlySpan<byte> image)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(image[14..]) == 12 && image[24] <= 8)
        {
            throw Unsupported("BMP of OS/2 with a palette");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(image[14..]) >= 40 && BinaryPrimitives.ReadUInt32LittleEndian(image[30..]) is 1 or 2)
        {
            throw Unsupported("Run-length BMP");
        }
    }
}
