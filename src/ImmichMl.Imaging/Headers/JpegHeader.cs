namespace ImmichMl.Imaging.Headers;

/// <summary>
/// Walks a JPEG (ITU T.81) segment by segment, up to its only scan or, where decoders read the whole file first, up to its EOI. Lengths are
/// followed and never searched past, for an EXIF thumbnail holds frame and scan markers of its own. What follows EOI (a video, a second
/// picture) is not looked at; whether an only scan is complete is for <see cref="Codecs.JpegRepair"/> to say.
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
        int components = 0, frame = 0;
        long scanPixels = 0, leastBits = 0, budget = ScanBudget;
        var firstScan = 0;
        while (true)
        {
            var marker = JpegMarker.Next(image, ref position);
            switch (marker)
            {
                case < 0:
                    throw Truncated();
                case JpegMarker.StartOfImage:
                    throw ImageException.Unreadable("The JPEG begins twice.");
                case JpegMarker.EndOfImage:
                    return header is { } found && firstScan > 0
                        ? Sized(found, leastBits, image.Length - firstScan)
                        : throw ImageException.Unreadable("The JPEG ends before its first scan.");
                case JpegMarker.Temporary or (>= JpegMarker.FirstRestart and <= JpegMarker.LastRestart):
                case < JpegMarker.BaselineFrame when firstScan > 0: // Where restarts are due libjpeg steps over them.
                    continue;
                default:
                    break;
            }

            var segment = Segment(image, ref position, isBehindScan: firstScan > 0);
            if (JpegMarker.IsFrame((byte)marker))
            {
                if (header is not null)
                {
                    throw ImageException.Unreadable("The JPEG has two frames.");
                }

                frame = marker;
                (header, components, scanPixels, leastBits) = JpegFrame.Read((byte)marker, segment, limits);
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

                firstScan = firstScan == 0 ? position : firstScan;
                if (header is { } single && segment[0] == components && frame is JpegMarker.BaselineFrame or JpegMarker.ExtendedFrame)
                {
                    return Sized(single, leastBits, image.Length - firstScan);
                }
            }
        }
    }

    /// <summary>A few bytes that claim a large picture would have a decoder fill its memory before it notices.</summary>
    static ImageHeader Sized(ImageHeader header, long leastBits, long bytes) => bytes * 8 >= leastBits
        ? header
        : throw ImageException.Unreadable($"The JPEG is too small to hold {header.Width} x {header.Height} pixels.");

    /// <summary>Behind a scan a damaged one's markers may stand, which libjpeg takes for segments of no length.</summary>
    static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> image, ref int position, bool isBehindScan)
    {
        var rest = image[position..];
        if (!BinaryPrimitives.TryReadUInt16BigEndian(rest, out var length) || length > rest.Length)
        {
            throw Truncated();
        }

        if (length < 2 && isBehindScan)
        {
            position += 2;
            return default;
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
