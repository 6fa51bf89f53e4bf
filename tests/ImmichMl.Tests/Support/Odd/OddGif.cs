namespace ImmichMl.Tests.Support.Odd;

/// <summary>
/// GIF whose image covers a part of the screen or reaches beyond it, with transparent indices and indices past the palette.
/// </summary>
static class OddGif
{
    const int MostCodes = 4096;

    public static byte[] Make(Lcg random)
    {
        int width = 1 + random.Next(40), height = 1 + random.Next(30), across = 1 + random.Next(40), down = 1 + random.Next(30);
        int left = random.Next(2) == 0 ? 0 : random.Next(20), top = random.Next(2) == 0 ? 0 : random.Next(20);
        int globalBits = random.Next(8), localBits = random.Next(8), rootBits = 2 + random.Next(7);
        bool hasGlobal = random.Next(8) > 0, hasLocal = random.Next(3) == 0;
        byte[] global = hasGlobal ? OddPictures.Bytes(random, 6 << globalBits) : [], local = hasLocal
            ? OddPictures.Bytes(random, 6 << localBits) : [];
        byte[] control = random.Next(3) == 0
            ? []
            : [0x21, 0xF9, 4, (byte)((random.Next(3) > 0 ? 1 : 0) | (random.Next(4) << 2)), 0, 0,
            (byte)random.Next(random.Next(2) == 0 ? 256 : 8), 0];
        byte[] comment = random.Next(4) == 0 ? [0x21, 0xFE, 3, 1, 2, 3, 0] : [];
        var indices = new byte[across * down];
        var last = 0;
        foreach (ref var index in indices.AsSpan())
        {
            last = random.Next(3) == 0 ? random.Next(1 << rootBits) : last;
            index = (byte)last;
        }

        byte[] image =
        [
            .. random.Next(2) == 0 ? "GIF87a"u8 : "GIF89a"u8, .. OddPictures.Short(width), .. OddPictures.Short(height),
            (byte)((hasGlobal ? 0x80 : 0) | globalBits), (byte)random.Next(256), 0, .. global, .. comment, .. control,
            0x2C, .. OddPictures.Short(left), .. OddPictures.Short(top), .. OddPictures.Short(across), .. OddPictures.Short(down),
            (byte)((hasLocal ? 0x80 : 0) | (random.Next(3) == 0 ? 0x40 : 0) | localBits), .. local, (byte)rootBits,
            .. Compress(indices, rootBits, random), 0x3B,
        ];
        return random.Next(20) == 0 ? image[..^random.Next(Math.Min(40, image.Length - 1))] : image;
    }

    static byte[] Compress(byte[] indices, int rootBits, Lcg random)
    {
        int clear = 1 << rootBits, bits = rootBits + 1, next = clear + 2, held = 0, buffer = 0;
        var keeps = random.Next(3) == 0; // Whether it goes on with a full table.
        var table = new Dictionary<(int, byte), int>();
        var data = new List<byte>();
        void Write(int code)
        {
            buffer |= code << held;
            for (held += bits; held >= 8; held -= 8, buffer >>= 8)
            {
                data.Add((byte)buffer);
            }
        }

        Write(clear);
        int text = indices[0];
        foreach (var index in indices.AsSpan(1))
        {
            if (table.TryGetValue((text, index), out var longer))
            {
                text = longer;
                continue;
            }

            Write(text);
            if (next < MostCodes)
            {
                table[(text, index)] = next;

                // The decoder is one entry behind.
                bits += next == 1 << bits && bits < 12 ? 1 : 0;
                next++;
            }

            if ((next == MostCodes && !keeps) || random.Next(300) == 0)
            {
                Write(clear);
                table.Clear();
                (bits, next) = (rootBits + 1, clear + 2);
            }

            text = index;
        }

        Write(text);
        Write(clear + 1);
        data.Add((byte)buffer);
        data.Add((byte)(buffer >> 8));
        var size = 1 + random.Next(255);
        return [.. data.Chunk(size).SelectMany(block => (byte[])[(byte)block.Length, .. block]), 0];
    }
}
