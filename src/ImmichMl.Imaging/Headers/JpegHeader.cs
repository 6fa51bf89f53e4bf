using System.Buffers.Binary;

namespace ImmichMl.Imaging.Headers;

/// <summary>
/// Walks a whole JPEG (ITU T.81) segment by segment, up to its EOI. Lengths are followed and never searched past, for
/// an EXIF thumbnail holds frame and scan markers of its own. What follows EOI (a video, a second picture) is not looked at.
/// </summary>
static class JpegHeader
{
    // Pixels that all scans together may touch. No decoder bounds this: 3,000 empty scans of a 64-megapixel progressive
    // picture fit in 42 kB and take Skia 8 s. 40 scans at 100 megapixels pass, 300 at 12; ordinary encoders write 1 to 10.
    const long ScanBudget = 4_000_000_000;

    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        var position = 2;
        ImageHeader? header = null;
        var components = 0;
        long scanPixels = 0, budget = ScanBudget;
        while (true)
        {
            var marker = NextMarker(image, ref position);
            switch (marker)
            {
                case JpegMarker.StartOfImage:
                    throw ImageException.Unreadable("The JPEG begins twice.");
                case JpegMarker.EndOfImage:
                    return header is { } found && budget < ScanBudget
                        ? found
                        : throw ImageException.Unreadable("The JPEG ends before its first scan.");
                case JpegMarker.Temporary or (>= JpegMarker.FirstRestart and <= JpegMarker.LastRestart):
                    continue;
                default:
                    break;
            }

            var segment = Segment(image, ref position);
            if (JpegMarker.IsFrame(marker))
            {
                if (header is not null)
                {
                    throw ImageException.Unreadable("The JPEG has two frames.");
                }

                (header, components, scanPixels) = JpegFrame.Read(marker, segment, limits);
            }
            else if (marker == JpegMarker.StartOfScan)
            {
                if (segment is not [>= 1 and <= 4, ..] || segment[0] > components || segment.Length != 4 + (2 * segment[0]))
                {
                    throw ImageException.Unreadable("A JPEG scan is malformed.");
                }

                budget -= scanPixels;
                if (budget < 0)
                {
                    throw ImageException.TooLarge("The JPEG has too many scans for its size.");
                }
            }
        }
    }

    /// <summary>Steps over what libjpeg steps over: stuffed and entropy-coded bytes, fill, stray bytes between segments.</summary>
    static byte NextMarker(ReadOnlySpan<byte> image, ref int position)
    {
        while (true)
        {
            var skip = image[position..].IndexOf((byte)0xFF);
            if (skip < 0)
            {
                throw Truncated();
            }

            position += skip;
            var fill = image[position..].IndexOfAnyExcept((byte)0xFF);
            if (fill < 0)
            {
                throw Truncated();
            }

            position += fill + 1;
            if (image[position - 1] != 0)
            {
                return image[position - 1];
            }
        }
    }

    static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> image, ref int position)
    {
        var rest = image[position..];
        if (!BinaryPrimitives.TryReadUInt16BigEndian(rest, out var length) || length > rest.Length)
        {
            throw Truncated();
        }

        if (length < 2)
        {
            throw ImageException.Unreadable("A JPEG segment is shorter than its own length.");
        }

        position += length;
        return rest[2..length];
    }

    static ImageException Truncated() => ImageException.Unreadable("The JPEG is truncated.");
}
