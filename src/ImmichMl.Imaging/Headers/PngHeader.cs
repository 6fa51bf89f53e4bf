using System.Buffers.Binary;

namespace ImmichMl.Imaging.Headers;

/// <summary>Signature and IHDR of a PNG (W3C PNG, 11.2.1), with the checksum. The other chunks are the decoder's.</summary>
static class PngHeader
{
    const int Start = 8;
    const int HeaderBytes = 13;

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

        if (BinaryPrimitives.ReadUInt32BigEndian(image[(Start + 8 + HeaderBytes)..]) != Checksum(typeAndData))
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

        return ImageHeader.Create(ImageFormat.Png, width, height, limits);
    }

    static bool IsLegal(byte colour, byte depth) => colour switch
    {
        0 => depth is 1 or 2 or 4 or 8 or 16,
        2 or 4 or 6 => depth is 8 or 16,
        3 => depth is 1 or 2 or 4 or 8,
        _ => false,
    };

    /// <summary>CRC-32 bit by bit; a table would not pay for 17 bytes.</summary>
    static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
            }
        }

        return ~crc;
    }
}
