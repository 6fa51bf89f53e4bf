namespace ImmichMl.Tests.Support.Odd;

/// <summary>JPEG files of tests/golden/odd without their end marker, or with markers in their scans.</summary>
static class OddJpeg
{
    // Pillow reads files in blocks of so many bytes, and that shows where the data ends near the edge of one.
    const int Block = 65_536;

    static readonly byte[][] s_bases =
        [.. Directory.GetFiles(Repository.Golden("odd"), "*.jpg").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    public static byte[] WithoutEnd(Lcg random)
    {
        byte[] image = Base(random);
        image = image[..^(2 + (random.Next(4) == 0 ? random.Next(12) : 0))];
        byte[] trailer = random.Next(10) switch
        {
            0 => [],
            1 => new byte[random.Next(4)],
            2 => new byte[random.Next(12)],
            3 => new byte[random.Next(3000)],
            4 => OddPictures.Bytes(random, random.Next(4)),
            5 => OddPictures.Bytes(random, random.Next(300)),
            6 => [0, 0, .. "SEFH"u8, .. OddPictures.Bytes(random, 40), .. "SEFT"u8],
            7 => [.. new byte[random.Next(9)], .. s_bases[random.Next(s_bases.Length)]],
            8 => [.. new byte[random.Next(9)], 0xFF, AnyMarker(random), 0, (byte)random.Next(24),
                .. OddPictures.Bytes(random, random.Next(200))],
            _ => [.. Enumerable.Repeat((byte)0xFF, random.Next(40))],
        };
        return [.. image, .. trailer];
    }

    public static byte[] WithMarkers(Lcg random)
    {
        byte[] image = Base(random);
        var scan = image.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        for (var left = 1 + (random.Next(3) / 2); left > 0; left--)
        {
            var at = scan + 14 + random.Next(image.Length - scan - 18);
            (image[at], image[at + 1]) = (0xFF, AnyMarker(random));
            if (random.Next(2) == 0)
            {
                // A length that keeps to the file, as bit rot seldom has it.
                (image[at + 2], image[at + 3]) = (0, (byte)random.Next(image.Length - at > 255 ? 255 : image.Length - at));
            }
        }

        return random.Next(4) == 0 ? image[..^2] : image;
    }

    /// <summary>As it is, or moved by comments so that its data lies across the edge of a block.</summary>
    static byte[] Base(Lcg random)
    {
        var image = s_bases[random.Next(s_bases.Length)].ToArray();
        if (random.Next(5) > 0)
        {
            return image;
        }

        var wanted = Block - image.Length + random.Next(400) - 200 - 8;
        return [.. image[..2], .. Comment(wanted / 2), .. Comment(wanted - (wanted / 2)), .. image[2..]];
    }

    static byte[] Comment(int length) => [0xFF, 0xFE, (byte)((length + 2) >> 8), (byte)(length + 2), .. new byte[length]];

    static byte AnyMarker(Lcg random) => random.Next(3) switch
    {
        0 => (byte)(0xE0 + random.Next(16)),
        1 => (byte)(0xC0 + random.Next(32)),
        _ => (byte)(1 + random.Next(254)),
    };
}
