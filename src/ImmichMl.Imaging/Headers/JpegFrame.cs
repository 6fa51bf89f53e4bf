namespace ImmichMl.Imaging.Headers;

/// <summary>The frame header (SOF) of a JPEG: size, precision, components.</summary>
static class JpegFrame
{
    /// <summary>
    /// ScanPixels is the size grown to whole coding units, which is what a decoder walks for each scan. LeastBits is what the shortest
    /// codes take for all blocks.
    /// </summary>
    public static (ImageHeader Header, int Components, long ScanPixels, long LeastBits) Read(
        byte marker, ReadOnlySpan<byte> segment, ImageLimits limits)
    {
        if (segment.Length < 6 || segment.Length != 6 + (3 * segment[5]))
        {
            throw ImageException.Unreadable("The JPEG frame header is malformed.");
        }

        if (!JpegMarker.IsDecodableFrame(marker))
        {
            throw ImageException.Unsupported("Lossless and hierarchical JPEG are not supported.");
        }

        if (segment[0] != 8)
        {
            throw ImageException.Unsupported($"JPEG of {segment[0]} bits is not supported; only 8 is.");
        }

        // Height 0 promises a DNL segment later: legal, and refused by every decoder tried.
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        var header = ImageHeader.Create(ImageFormat.Jpeg, width, height, limits);
        int components = segment[5];
        if (components is not (1 or 3 or 4))
        {
            throw ImageException.Unreadable($"The JPEG has {components} components.");
        }

        int across = 0, down = 0;
        for (var sampling = segment[7..]; ; sampling = sampling[3..])
        {
            int horizontal = sampling[0] >> 4, vertical = sampling[0] & 15;
            if (horizontal is < 1 or > 4 || vertical is < 1 or > 4)
            {
                throw ImageException.Unreadable("A JPEG sampling factor is not 1 to 4.");
            }

            across = Math.Max(across, 8 * horizontal);
            down = Math.Max(down, 8 * vertical);
            if (sampling.Length < 3)
            {
                return (header, components, RoundUp(width, across) * RoundUp(height, down), LeastBits(marker, segment, across, down));
            }
        }
    }

    /// <summary>
    /// Sequential Huffman coding takes one bit for a block's mean and one for its end, the first progressive scan one for its mean, and
    /// later ones next to nothing; arithmetic coding has no lower bound worth naming.
    /// </summary>
    static long LeastBits(byte marker, ReadOnlySpan<byte> segment, int across, int down)
    {
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        long blocks = 0;
        for (var at = 7; at < segment.Length; at += 3)
        {
            blocks += Blocks(width, segment[at] >> 4, across) * Blocks(height, segment[at] & 15, down);
        }

        return blocks * marker switch
        {
            JpegMarker.BaselineFrame or JpegMarker.ExtendedFrame => 2,
            JpegMarker.ProgressiveFrame => 1,
            _ => 0,
        };
    }

    static long Blocks(int side, int sampling, int unit) => (((long)side * sampling) + unit - 1) / unit;

    static long RoundUp(int value, int unit) => (value + unit - 1L) / unit * unit;
}
