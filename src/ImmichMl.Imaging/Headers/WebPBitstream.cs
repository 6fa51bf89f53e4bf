using System.Buffers.Binary;

namespace ImmichMl.Imaging.Headers;

/// <summary>The size inside the two kinds of WebP picture data: lossy (RFC 6386, 9.1) and lossless (RFC 9649, 3.4).</summary>
static class WebPBitstream
{
    /// <summary>Null where the chunk is not picture data.</summary>
    public static (int Width, int Height)? Size(WebPChunk chunk)
    {
        if (chunk.Is("VP8 "u8))
        {
            return Lossy(chunk.Data);
        }

        return chunk.Is("VP8L"u8) ? Lossless(chunk.Data) : null;
    }

    static (int Width, int Height) Lossy(ReadOnlySpan<byte> data)
    {
        // Bit 0 clear: a key frame. The upper two bits of each side only advise on scaling.
        if (data is not [var tag, _, _, 0x9D, 0x01, 0x2A, _, _, _, _, ..] || (tag & 1) != 0)
        {
            throw ImageException.Unreadable("The lossy data of the WebP is malformed.");
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF, BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF);
    }

    static (int Width, int Height) Lossless(ReadOnlySpan<byte> data)
    {
        if (data is not [0x2F, _, _, _, <= 0x1F, ..])
        {
            throw ImageException.Unreadable("The lossless data of the WebP is malformed.");
        }

        var bits = BinaryPrimitives.ReadUInt32LittleEndian(data[1..]);
        return (1 + (int)(bits & 0x3FFF), 1 + (int)((bits >> 14) & 0x3FFF));
    }
}
