using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// JPEG whose rows are all there though its end marker is not, or though other markers stand in its scan: what Pillow reads of those is
/// made a picture that every decoder reads the same, and what Pillow refuses is refused.
/// </summary>
static class JpegRepair
{
    /// <param name="image">The whole encoded image.</param>
    /// <param name="header">What its header says.</param>
    /// <param name="isJudged">False where only a decoder can tell whether it can be read: several scans, or arithmetic coding.</param>
    /// <returns>The picture up to the end of its scan and an end marker; null where it needs none.</returns>
    /// <exception cref="ImageException">Pillow refuses it.</exception>
    public static byte[]? Run(ReadOnlySpan<byte> image, in ImageHeader header, out bool isJudged)
    {
        var read = JpegTables.Read(image, header);
        isJudged = read is not null;
        if (read is not { } tables || EndsAsItShould(image[tables.DataStart..]))
        {
            return null;
        }

        var extent = JpegScan.Walk(image, tables, header);
        if (!IsReadOn(image[..extent.VisibleEnd], extent))
        {
            throw ImageException.Damaged(header);
        }

        return [.. image[..extent.Length], 0xFF, JpegMarker.EndOfImage];
    }

    /// <summary>
    /// True where nothing is missing of the only scan and, where there are several, nothing foreign stands in and between them: of all else
    /// the managed codec makes something of its own.
    /// </summary>
    public static bool IsWhole(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        if (JpegTables.Read(image, header) is { } tables)
        {
            return JpegScan.Walk(image, tables, header).IsWhole;
        }

        var (position, isBehindScan, restarts) = (2, false, false);
        while (true)
        {
            var marker = JpegMarker.Next(image, ref position);
            if (marker is < 0 or JpegMarker.EndOfImage)
            {
                return marker >= 0;
            }

            var rest = image[position..];
            if (isBehindScan && (JpegMarker.StandsAlone(marker) ? !restarts : !MayFollowScan(marker, rest)))
            {
                return false;
            }

            if (!JpegMarker.StandsAlone(marker))
            {
                position += BinaryPrimitives.ReadUInt16BigEndian(rest);
                isBehindScan |= marker == JpegMarker.StartOfScan;
                restarts |= marker == JpegMarker.RestartInterval;
            }
        }
    }

    static bool MayFollowScan(int marker, ReadOnlySpan<byte> rest) => marker switch
    {
        JpegMarker.HuffmanTables => !IsBadTable(marker, rest),
        JpegMarker.RestartInterval => !IsError(marker, rest),
        JpegMarker.StartOfScan => rest is [_, _, >= 1 and <= 4, ..] && BinaryPrimitives.ReadUInt16BigEndian(rest) == 6 + (2 * rest[2]),
        _ => false,
    };

    static bool EndsAsItShould(ReadOnlySpan<byte> data)
    {
        for (var position = 0; ;)
        {
            var marker = JpegMarker.Next(data, ref position);
            if (!JpegMarker.StandsAlone(marker))
            {
                return marker == JpegMarker.EndOfImage;
            }
        }
    }

    /// <summary>libjpeg's read_markers behind the last row: its errors count, its running dry does not.</summary>
    static bool IsReadOn(ReadOnlySpan<byte> image, JpegScan.Extent extent)
    {
        var position = extent.Marker == 0 ? extent.Length : extent.Length + 2;
        var first = extent.Marker == 0 ? JpegMarker.Next(image, ref position) : extent.Marker;
        for (var marker = first; ; marker = JpegMarker.Next(image, ref position))
        {
            if (marker is < 0 or JpegMarker.EndOfImage)
            {
                return true;
            }

            if (JpegMarker.StandsAlone(marker))
            {
                continue;
            }

            var rest = image[position..];
            if (IsError(marker, rest))
            {
                return false;
            }

            if (!BinaryPrimitives.TryReadUInt16BigEndian(rest, out var length) || length > rest.Length)
            {
                return true;
            }

            position += Math.Max((int)length, 2);
        }
    }

    /// <summary>True where what there is of the segment is an error already.</summary>
    static bool IsError(int marker, ReadOnlySpan<byte> rest) => marker switch
    {
        JpegMarker.LineCount or JpegMarker.Comment or (>= JpegMarker.FirstApplication and <= JpegMarker.LastApplication) => false,

        // A second frame is an error once its header's fixed part is read, a second scan once it is complete or wrong.
        _ when JpegMarker.IsFrame((byte)marker) => !JpegMarker.IsDecodableFrame((byte)marker) || rest.Length >= 8,
        JpegMarker.StartOfScan => rest.Length >= 3
            && (rest[2] is < 1 or > 4
                || BinaryPrimitives.ReadUInt16BigEndian(rest) != 6 + (2 * rest[2])
                || rest.Length >= 6 + (2 * rest[2])),
        JpegMarker.RestartInterval => rest.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(rest) != 4,
        JpegMarker.HuffmanTables or JpegMarker.QuantizationTables or JpegMarker.ArithmeticConditioning => IsBadTable(marker, rest),
        _ => true,
    };

    static bool IsBadTable(int marker, ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2)
        {
            return false;
        }

        int left = BinaryPrimitives.ReadUInt16BigEndian(rest) - 2, least = marker == JpegMarker.HuffmanTables ? 17 : 1;
        rest = rest[2..];
        while (left >= least)
        {
            if (rest.IsEmpty)
            {
                return false;
            }

            int kind = rest[0], bytes;
            switch (marker)
            {
                case JpegMarker.HuffmanTables:
                    if (rest.Length < 17)
                    {
                        return false;
                    }

                    var count = JpegHuffmanTable.CodeCount(rest[1..17]);
                    bytes = 17 + count;
                    if (count > 256 || bytes > left || (rest.Length >= bytes && (kind & 0xEF) > 3))
                    {
                        return true;
                    }

                    break;
                case JpegMarker.QuantizationTables:
                    bytes = kind >> 4 == 0 ? 65 : 129;
                    if ((kind & 15) > 3)
                    {
                        return true;
                    }

                    break;
                default:
                    bytes = 2;
                    if (rest.Length >= 2 && (kind >= 32 || (kind < 16 && (rest[1] & 15) > rest[1] >> 4)))
                    {
                        return true;
                    }

                    break;
            }

            if (rest.Length < bytes)
            {
                return false;
            }

            left -= bytes;
            rest = rest[bytes..];
        }

        return left != 0;
    }
}
