using ImmichMl.Imaging.Headers;

namespace ImmichMl.Tests.Support.Odd;

/// <summary>PNG with wrong checksums, and with palettes that end before their indices do. Nothing in them is compressed.</summary>
static class OddPng
{
    public static byte[] WithWrongChecksum(Lcg random)
    {
        var (depth, colour) = (((int, int)[])[(8, 0), (8, 2), (8, 6), (8, 4), (4, 3), (8, 3), (1, 0), (16, 2)])[random.Next(8)];
        var chunks = Picture(random, depth, colour, 1 << depth);
        for (var left = random.Next(3); left >= 0; left--)
        {
            var chunk = chunks[random.Next(2) == 0 ? chunks.FindIndex(any => any[4] == 'I' && any[5] == 'D') : random.Next(chunks.Count)];
            chunk[^(1 + random.Next(4))] ^= (byte)(1 << random.Next(8));
        }

        if (random.Next(5) == 0)
        {
            // Rot in the data itself: its own checksum is the last that can tell.
            var data = chunks.FindLast(any => any[4] == 'I' && any[5] == 'D')!;
            data[8 + random.Next(data.Length - 12)] ^= (byte)(1 << random.Next(8));
        }

        return Whole(chunks);
    }

    public static byte[] WithShortPalette(Lcg random)
    {
        var depth = 1 << random.Next(4);
        return Whole(Picture(random, depth, colour: 3, 1 + random.Next(1 << depth)));
    }

    static byte[] Whole(List<byte[]> chunks) => [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n', .. chunks.SelectMany(chunk => chunk)];

    static List<byte[]> Picture(Lcg random, int depth, int colour, int colours)
    {
        int width = 1 + random.Next(40), height = 1 + random.Next(20);
        int bits = depth * colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 }, stride = ((width * bits) + 7) / 8;
        var rows = OddPictures.Bytes(random, height * (stride + 1));
        for (var y = 0; y < height; y++)
        {
            // Where indices are differences they reach anywhere; whole ones are what palettes are about.
            rows[y * (stride + 1)] = (byte)(random.Next(2) == 0 ? 0 : random.Next(5));
        }

        var chunks = new List<byte[]>
        {
            Chunk("IHDR"u8, [.. OddPictures.Big((uint)width), .. OddPictures.Big((uint)height), (byte)depth, (byte)colour, 0, 0, 0]),
        };
        if (random.Next(3) == 0)
        {
            chunks.Add(Chunk("gAMA"u8, [0, 0, 0xB1, 0x8F]));
        }

        if (colour == 3)
        {
            chunks.Add(Chunk("PLTE"u8, OddPictures.Bytes(random, 3 * colours)));
            if (random.Next(3) == 0)
            {
                chunks.Add(Chunk("tRNS"u8, OddPictures.Bytes(random, 1 + random.Next(colours))));
            }
        }

        byte[] data = Stored(rows);
        for (var at = 0; at < data.Length;)
        {
            // The last chunk holds the data's own checksum whole: Pillow does not look at what follows the last row's chunk.
            var length = random.Next(3) == 0 ? 1 + random.Next(data.Length) : data.Length;
            length = at + length > data.Length - 5 ? data.Length - at : length;
            chunks.Add(Chunk("IDAT"u8, data[at..(at + length)]));
            at += length;
        }

        if (random.Next(3) == 0)
        {
            chunks.Add(Chunk("tEXt"u8, [.. "Comment\0of no import"u8]));
        }

        chunks.Add(Chunk("IEND"u8, []));
        return chunks;
    }

    /// <summary>zlib's frame around stored blocks (RFC 1950, RFC 1951).</summary>
    static byte[] Stored(byte[] bytes)
    {
        uint a = 1, b = 0;
        foreach (var value in bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        return [0x78, 1, 1, .. OddPictures.Short(bytes.Length), .. OddPictures.Short(~bytes.Length), .. bytes,
            .. OddPictures.Big((b << 16) | a)];
    }

    static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] typed = [.. type, .. data];
        return [.. OddPictures.Big((uint)data.Length), .. typed, .. OddPictures.Big(PngChecksum.Of(typed))];
    }
}
