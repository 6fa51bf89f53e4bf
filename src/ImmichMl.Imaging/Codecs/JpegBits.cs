namespace ImmichMl.Imaging.Codecs;

/// <summary>Entropy-coded bytes as Huffman codes and bits, read as libjpeg-turbo reads a source that may run dry.</summary>
ref struct JpegBits(ReadOnlySpan<byte> image, int start, int end)
{
    const int FullBits = 57; // MIN_GET_BITS of a 64-bit register

    readonly ReadOnlySpan<byte> _image = image;

    public State Now = new() { Position = start };

    /// <summary>What a coding unit changes, and what is taken back where the source ran dry within it.</summary>
    public struct State
    {
        public ulong Buffer;
        public int Bits;
        public int Position;
        public int Marker;
        public bool LacksData;
    }

    /// <summary>What there is of the source.</summary>
    public int End { get; private set; } = end;

    /// <summary>More was asked for than there is; what came out since is of no use.</summary>
    public bool IsDry { get; private set; }

    public void Grow(int end) => (End, IsDry) = (end, false);

    public int Symbol(JpegHuffmanTable table, bool isFast)
    {
        var length = 1;
        if (isFast)
        {
            FillFast();
        }
        else if (Now.Bits < JpegHuffmanTable.LookAhead)
        {
            Fill(0);
        }

        if (Now.Bits >= JpegHuffmanTable.LookAhead)
        {
            var look = table.Look((int)(Now.Buffer >> (Now.Bits - JpegHuffmanTable.LookAhead)) & 0xFF);
            length = look >> 8;
            if (length <= JpegHuffmanTable.LookAhead)
            {
                Now.Bits -= length;
                return look & 0xFF;
            }
        }

        var code = Take(length, isFast);
        while (table.GoesOn(code, length) && !IsDry)
        {
            code = (code << 1) | Take(1, isFast);
            length++;
        }

        return table.Symbol(code, length);
    }

    public void Skip(int bits, bool isFast)
    {
        if (bits > 0)
        {
            if (isFast)
            {
                FillFast();
            }

            Take(bits, isFast);
        }
    }

    int Take(int bits, bool isFast)
    {
        if (!isFast && Now.Bits < bits)
        {
            Fill(bits);
        }

        // Dry, or past a marker in the fast way: the unit is done again.
        if (Now.Bits < bits)
        {
            return 0;
        }

        Now.Bits -= bits;
        return (int)(Now.Buffer >> Now.Bits) & ((1 << bits) - 1);
    }

    void FillFast()
    {
        if (Now.Bits > 16 || Now.Marker != 0)
        {
            return;
        }

        for (var i = 0; i < 6; i++)
        {
            var value = _image[Now.Position++];
            Now.Buffer = (Now.Buffer << 8) | value;
            Now.Bits += 8;
            if (value == 0xFF && _image[Now.Position++] is not 0 and var marker)
            {
                Now.Marker = marker;
                return;
            }
        }
    }

    /// <summary>jpeg_fill_bit_buffer.</summary>
    void Fill(int wanted)
    {
        while (Now.Marker == 0 && Now.Bits < FullBits)
        {
            var value = Byte();
            if (value == 0xFF)
            {
                do
                {
                    value = Byte();
                }
                while (value == 0xFF);

                (value, Now.Marker) = value == 0 ? (0xFF, 0) : (value, value);
            }

            if (IsDry)
            {
                return;
            }

            if (Now.Marker == 0)
            {
                Now.Buffer = (Now.Buffer << 8) | (byte)value;
                Now.Bits += 8;
            }
        }

        if (wanted > Now.Bits)
        {
            Now.LacksData = true;
            Now.Buffer <<= FullBits - Now.Bits;
            Now.Bits = FullBits;
        }
    }

    int Byte()
    {
        IsDry |= Now.Position >= End;
        return IsDry ? 1 : _image[Now.Position++];
    }
}
