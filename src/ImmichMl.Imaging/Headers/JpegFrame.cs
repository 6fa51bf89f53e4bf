using System.Buffers.Binary;

namespace ImmichMl.Imaging.Headers;

/// <summary>The frame header (SOF) of a JPEG: size, precision, components.</summary>
static class JpegFrame
{
    /// <summary>ScanPixels is the size grown to whole coding units, which is what a decoder walks for each scan.</summary>
    public static (ImageHeader Header, int Components, long ScanPixels) Read(byte marker, ReadOnlySpan<byte> segment, ImageLimits limits)
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
                return (header, components, RoundUp(width, across) * RoundUp(height, down));
            }
        }
    }

    static long RoundUp(int value, int unit) => (value + unit - 1L) / unit * unit;
}
