namespace ImmichMl.Imaging.Headers;

/// <summary>Signature and IHDR of a PNG (W3C PNG, 11.2.1), with the checksum. The other chunks are the decoder's.</summary>
static class PngHeader
{
    const int Start = 8;
    const int HeaderBytes = 13;

    // Deflate's densest: one bit for a length of 258, one for its distance.
    const long MostInflation = 258 * 4;

    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        if (image.Length < Start + 8 + HeaderBytes + 4)
        {
            throw ImageException.Unreadable("The PNG is truncated.");
        }

        var typeAndData = image.Slice(Start + 4, 4 + HeaderBytes);
        if (BinaryPrimitives.ReadUInt32BigEndian(image[Start..]) != HeaderBytes || !typeAndData.StartsWith("IHDR"u8))
        {
            throw ImageException.Unreadable("The PNG does not begin with a header chunk.");
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(image[(Start + 8 + HeaderBytes)..]) != PngChecksum.Of(typeAndData))
        {
            throw ImageException.Unreadable("The checksum of the PNG header is wrong.");
        }

        var data = typeAndData[4..];
        long width = BinaryPrimitives.ReadUInt32BigEndian(data), height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        var legal = width <= int.MaxValue && height <= int.MaxValue && IsLegal(colour: data[9], depth: data[8]);
        if (!legal || data is not [.., 0, 0, <= 1])
        {
            throw ImageException.Unreadable("The PNG header holds an illegal value.");
        }

        var header = ImageHeader.Create(ImageFormat.Png, width, height, limits);
        return ByteCount(image, header) <= MostInflation * image.Length
            ? header
            : throw ImageException.Unreadable($"The PNG is too small to hold {width} x {height} pixels.");
    }

    /// <summary>Each row has a filter byte in front; Adam7 makes seven pictures of one (W3C PNG, 8.1).</summary>
    public static long ByteCount(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var bits = image[24] * image[25] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        if (image[28] == 0)
        {
            return Pass(header, bits, 0, 1, 0, 1);
        }

        return Pass(header, bits, 0, 8, 0, 8) + Pass(header, bits, 4, 8, 0, 8) + Pass(header, bits, 0, 4, 4, 8)
            + Pass(header, bits, 2, 4, 0, 4) + Pass(header, bits, 0, 2, 2, 4)
            + Pass(header, bits, 1, 2, 0, 2) + Pass(header, bits, 0, 1, 1, 2);
    }

    static long Pass(in ImageHeader header, int bits, int left, int across, int top, int down)
    {
        long width = (header.Width - left + across - 1) / across, height = (header.Height - top + down - 1) / down;
        return width <= 0 || height <= 0 ? 0 : height * (1 + (((width * bits) + 7) / 8));
    }

    static bool IsLegal(byte colour, byte depth) => colour switch
    {
        0 => depth is 1 or 2 or 4 or 8 or 16,
        2 or 4 or 6 => depth is 8 or 16,
        3 => depth is 1 or 2 or 4 or 8,
        _ => false,
    };
}
