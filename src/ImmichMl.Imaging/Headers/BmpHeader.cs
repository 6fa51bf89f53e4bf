namespace ImmichMl.Imaging.Headers;

/// <summary>File header and information header of a BMP: the 12-byte one of OS/2 and those of 40 bytes and more.</summary>
static class BmpHeader
{
    const int FileHeaderBytes = 14;

    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        if (image.Length < FileHeaderBytes + 12)
        {
            throw Truncated();
        }

        var information = image[FileHeaderBytes..];
        var size = BinaryPrimitives.ReadUInt32LittleEndian(information);
        if (size is not (12 or >= 40))
        {
            throw ImageException.Unsupported($"BMP with an information header of {size} bytes is not supported.");
        }

        if (information.Length < size)
        {
            throw Truncated();
        }

        long width, height;
        uint compression = 0;
        int depth;
        if (size == 12)
        {
            width = BinaryPrimitives.ReadUInt16LittleEndian(information[4..]);
            height = BinaryPrimitives.ReadUInt16LittleEndian(information[6..]);
            depth = BinaryPrimitives.ReadUInt16LittleEndian(information[10..]);
        }
        else
        {
            // A negative height means rows from the top down; int.MinValue has no counterpart, and 64 bits make it too large.
            width = BinaryPrimitives.ReadInt32LittleEndian(information[4..]);
            height = Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(information[8..]));
            depth = BinaryPrimitives.ReadUInt16LittleEndian(information[14..]);
            compression = BinaryPrimitives.ReadUInt32LittleEndian(information[16..]);
        }

        if (width < 0 || depth is not (1 or 2 or 4 or 8 or 16 or 24 or 32) || compression > 6)
        {
            throw ImageException.Unreadable("The BMP header holds an illegal value.");
        }

        var header = ImageHeader.Create(ImageFormat.Bmp, width, height, limits);
        switch (compression)
        {
            case 4 or 5:
                throw ImageException.Unsupported("BMP around a JPEG or PNG is not supported.");
            case 0 or 3 or 6:
                CheckRows(image, header, depth);
                break;
            default: // 1 and 2 are run lengths: how many bytes they need, only decoding tells.
                break;
        }

        return header;
    }

    /// <summary>The rows must be there, or 60 bytes could make a decoder fill 400 MB with zeros before it notices.</summary>
    static void CheckRows(ReadOnlySpan<byte> image, ImageHeader header, int depth)
    {
        long rowBits = (long)header.Width * depth;
        var stride = (rowBits + 31) / 32 * 4;
        var needed = BinaryPrimitives.ReadUInt32LittleEndian(image[10..]) + (stride * (header.Height - 1)) + ((rowBits + 7) / 8);
        if (needed > image.Length)
        {
            throw Truncated();
        }
    }

    static ImageException Truncated() => ImageException.Unreadable("The BMP is truncated.");
}
