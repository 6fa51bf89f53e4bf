using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// What a JPEG says before its first scan that walking the scan needs. Only sequential Huffman coding in one scan is looked into: of all
/// else libjpeg reads the whole file before it gives the first row.
/// </summary>
sealed class JpegTables
{
    const int MostBlocks = 10; // of a coding unit; T.81, B.2.3

    readonly JpegHuffmanTable?[] _direct = new JpegHuffmanTable?[4], _others = new JpegHuffmanTable?[4];

    /// <summary>Where the scan's data begins.</summary>
    public int DataStart { get; private set; }

    public int RestartInterval { get; private set; }

    public long Units { get; private set; }

    /// <summary>The tables of each block of a coding unit.</summary>
    public (JpegHuffmanTable Direct, JpegHuffmanTable Others)[] Blocks { get; private set; } = [];

    /// <returns>Null where the picture is coded in another way. The header check has walked to the scan already.</returns>
    public static JpegTables? Read(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var tables = new JpegTables();
        ReadOnlySpan<byte> frame = default;
        for (var position = 2; ;)
        {
            if (!JpegMarker.TryNextSegment(image, ref position, out var marker, out var segment))
            {
                throw ImageException.Damaged(header);
            }

            switch (marker)
            {
                case JpegMarker.HuffmanTables:
                    tables.AddHuffman(segment, header);
                    break;
                case JpegMarker.RestartInterval when segment.Length == 2:
                    tables.RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                    break;
                case JpegMarker.StartOfScan:
                    tables.DataStart = position;
                    return frame.IsEmpty || segment[0] != frame[5] ? null : tables.WithScan(frame, segment, header);
                case JpegMarker.BaselineFrame or JpegMarker.ExtendedFrame:
                    frame = segment;
                    break;
                default:
                    if (JpegMarker.IsFrame(marker))
                    {
                        return null;
                    }

                    break;
            }
        }
    }

    void AddHuffman(ReadOnlySpan<byte> segment, in ImageHeader header)
    {
        while (segment.Length > 16)
        {
            var count = JpegHuffmanTable.CodeCount(segment[1..17]);
            if (count > 256 || count > segment.Length - 17 || (segment[0] & 0xEF) > 3)
            {
                throw ImageException.Damaged(header);
            }

            var table = new JpegHuffmanTable(segment[1..17], segment.Slice(17, count));
            ((segment[0] & 0x10) == 0 ? _direct : _others)[segment[0] & 3] = table;
            segment = segment[(17 + count)..];
        }
    }

    JpegTables WithScan(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> scan, in ImageHeader header)
    {
        int across = 1, down = 1;
        var blocks = new List<(JpegHuffmanTable, JpegHuffmanTable)>(MostBlocks);
        for (var i = 0; i < frame[5]; i++)
        {
            var selector = scan[2 + (2 * i)];
            if (_direct[(selector >> 4) & 3] is not { IsSound: true, HasOnlySizes: true } direct
                || _others[selector & 3] is not { IsSound: true } others)
            {
                throw ImageException.Damaged(header);
            }

            int horizontal = 1, vertical = 1;
            if (frame[5] > 1)
            {
                // One component alone is a block after the other, whatever its sampling.
                var sampling = frame[Component(frame, scan[1 + (2 * i)], header) + 1];
                (horizontal, vertical) = (sampling >> 4, sampling & 15);
            }

            (across, down) = (Math.Max(across, horizontal), Math.Max(down, vertical));
            blocks.AddRange(Enumerable.Repeat((direct, others), horizontal * vertical));
        }

        if (blocks.Count > MostBlocks)
        {
            throw ImageException.Damaged(header);
        }

        Blocks = [.. blocks];
        Units = (long)((header.Width + (8 * across) - 1) / (8 * across)) * ((header.Height + (8 * down) - 1) / (8 * down));
        return this;
    }

    static int Component(ReadOnlySpan<byte> frame, byte name, in ImageHeader header)
    {
        for (var at = 6; at < frame.Length; at += 3)
        {
            if (frame[at] == name)
            {
                return at;
            }
        }

        throw ImageException.Damaged(header);
    }
}
