namespace ImmichMl.Imaging.Codecs;

/// <summary>BMP without the padding of its last row, or with fewer colours than its indices reach: Pillow reads both.</summary>
static class BmpRepair
{
    const int FileHeaderBytes = 14;
    const int LongHeaderBytes = 40;
    const int ColourBytes = 4;

    /// <returns>The picture with padding and with a palette that goes on as a gray ramp; null where it has both.</returns>
    public static byte[]? Run(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var size = BinaryPrimitives.ReadInt32LittleEndian(image[FileHeaderBytes..]);
        var isLong = size >= LongHeaderBytes;
        int depth = BinaryPrimitives.ReadUInt16LittleEndian(image[(FileHeaderBytes + (isLong ? 14 : 10))..]);
        var compression = isLong ? BinaryPrimitives.ReadUInt32LittleEndian(image[(FileHeaderBytes + 16)..]) : 0;
        long start = BinaryPrimitives.ReadUInt32LittleEndian(image[10..]);
        var missing = compression is 1 or 2
            ? 0
            : (int)Math.Clamp(start + ((((long)header.Width * depth) + 31) / 32 * 4 * header.Height) - image.Length, 0, 3);
        var padding = new byte[missing];
        var colours = isLong && depth <= 8 && compression is 0 or 1 or 2
            ? BinaryPrimitives.ReadUInt32LittleEndian(image[(FileHeaderBytes + 32)..])
            : 0;
        var palette = FileHeaderBytes + size;
        if (colours == 0 || colours >= 1 << depth || palette + (ColourBytes * colours) > start || start > image.Length)
        {
            return missing == 0 ? null : [.. image, .. padding];
        }

        var whole = GrayRamp.After(image.Slice(palette, ColourBytes * (int)colours), ColourBytes, 1 << depth);
        byte[] repaired = [.. image[..palette], .. whole, .. image[(int)start..], .. padding];
        BinaryPrimitives.WriteInt32LittleEndian(repaired.AsSpan(10), palette + whole.Length);
        BinaryPrimitives.WriteInt32LittleEndian(repaired.AsSpan(FileHeaderBytes + 32), 1 << depth);
        return repaired;
    }
}
