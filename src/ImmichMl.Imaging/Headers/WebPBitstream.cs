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

    /// <summary>
    /// A block of 16 x 16 pixels takes 1.67 bits at least, for its two modes of prediction, whose probabilities are fixed (RFC 6386, 11.2:
    /// 145 and 142 of 256). The lossless coding has no such bound: a picture of one colour is 30 bytes of any size.
    /// </summary>
    static (int Width, int Height) Lossy(ReadOnlySpan<byte> data)
    {
        // Bit 0 clear: a key frame. The upper two bits of each side only advise on scaling.
        if (data is not [var tag, _, _, 0x9D, 0x01, 0x2A, _, _, _, _, ..] || (tag & 1) != 0)
        {
            throw ImageException.Unreadable("The lossy data of the WebP is malformed.");
        }

        int width = BinaryPrimitives.ReadUInt16LittleEndian(data[6..]) & 0x3FFF;
        int height = BinaryPrimitives.ReadUInt16LittleEndian(data[8..]) & 0x3FFF;
        var blocks = ((width + 15L) / 16) * ((height + 15L) / 16);
        return data.Length * 8L >= blocks * 3 / 2
            ? (width, height)
            : throw ImageException.Unreadable($"The WebP is too small to hold {width} x {height} pixels.");
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
