using ImmichMl.Imaging.Codecs;
using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging;

/// <summary>The most bytes that a decoder holds at once, the bitmap included and the encoded bytes not. Errs on the large side.</summary>
public static class DecodeCost
{
    /// <summary>Of any picture: one that is interlaced or of four components, by the managed codec.</summary>
    public const int MostBytesPerPixel = 20;

    // Bytes a pixel. Rows of JPEG and PNG go straight into the bitmap; the rest is decoded to four bytes first, in the same block.
    const int Rows = Bitmap.BytesPerPixel;
    const int AtOnce = 4;

    // libjpeg keeps a coefficient of two bytes for every sample where a picture comes in several scans.
    const int CoefficientBytes = 2;
    const int MostComponents = 4;

    /// <summary>In bytes.</summary>
    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What <see cref="ImageHeader.Read"/> said of the same bytes.</param>
    /// <param name="choice">Which decoder.</param>
    public static long Of(ReadOnlySpan<byte> image, in ImageHeader header, CodecChoice choice)
    {
        long pixels = (long)header.Width * header.Height;
        long bytes = header.Format switch
        {
            ImageFormat.Jpeg => OfJpeg(image, pixels),
            ImageFormat.Png => OfPng(image, pixels),

            // Plain VP8 decodes row by row; VP8L and alpha hold the picture a second time.
            ImageFormat.WebP => pixels * (image.Length > 16 && image[12..].StartsWith("VP8 "u8) ? AtOnce + 1 : (2 * AtOnce) + 1),
            _ => pixels * 2 * AtOnce,
        };

        // The managed codec holds samples, coefficients and the result side by side.
        return choice == CodecChoice.Managed ? bytes + (pixels * 2 * AtOnce) : bytes;
    }

    /// <summary>16 bits or fewer of up to four channels; what is interlaced is kept whole before it is turned into four bytes.</summary>
    static long OfPng(ReadOnlySpan<byte> image, long pixels)
    {
        const int Depth = 24, Interlace = 28;
        return image.Length > Interlace && image[Interlace] == 0
            ? pixels * Rows
            : pixels * (AtOnce + (MostComponents * (image.Length > Depth && image[Depth] <= 8 ? 1 : 2)));
    }

    /// <summary>Follows the segments to the first scan; the header's reader has been over them all.</summary>
    static long OfJpeg(ReadOnlySpan<byte> image, long pixels)
    {
        ReadOnlySpan<byte> frame = [];
        byte kind = 0;
        for (var position = Math.Min(2, image.Length); JpegMarker.TryNextSegment(image, ref position, out var marker, out var segment);)
        {
            if (JpegMarker.IsFrame(marker))
            {
                frame = segment;
                kind = marker;
            }
            else if (marker == JpegMarker.StartOfScan && frame.Length > 5 && segment.Length > 0)
            {
                int components = frame[5];
                return Bitmaps(components) + (JpegMarker.IsProgressive(kind) || segment[0] < components ? Coefficients(frame, pixels) : 0);
            }
        }

        return Bitmaps(MostComponents) + (pixels * MostComponents * CoefficientBytes);

        long Bitmaps(int components) => pixels * (components == MostComponents ? AtOnce : Rows);
    }

    /// <summary>Of every component, at its own sampling.</summary>
    static long Coefficients(ReadOnlySpan<byte> frame, long pixels)
    {
        int across = 1, down = 1, samples = 0;
        for (int at = 7; at < frame.Length; at += 3)
        {
            int horizontal = frame[at] >> 4, vertical = frame[at] & 15;
            (across, down, samples) = (Math.Max(across, horizontal), Math.Max(down, vertical), samples + (horizontal * vertical));
        }

        return CoefficientBytes * pixels * samples / (across * down);
    }
}
