using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// Walks the entropy-coded data of a JPEG's only scan as libjpeg-turbo 2.1's jdhuff.c does when its source may run dry, which is how Pillow
/// uses it: that alone tells whether all rows are there when the end marker is missing, and where the scan ends. It makes no pixels.
/// </summary>
ref struct JpegScan
{
    // Pillow's ImageFile.MAXBLOCK: the decoder sees the file grow by so much, and what stands behind the block with the last row is never seen.
    const int BlockBytes = 65_536;

    const int FullBits = 57; // MIN_GET_BITS of a 64-bit register
    const int FastBytes = 512; // BUFSIZE: with so many a block, it reads without looking for the end

    readonly ReadOnlySpan<byte> _image;
    readonly JpegTables _tables;
    State _state;
    int _end;
    int _nextRestart;
    bool _isDry;

    /// <summary>What a coding unit changes, and what is taken back where the source ran dry within it.</summary>
    struct State
    {
        public ulong Buffer;
        public int Bits;
        public int Position;
        public int Marker;
        public bool LacksData;
    }

    JpegScan(ReadOnlySpan<byte> image, JpegTables tables)
    {
        _image = image;
        _tables = tables;
        _state.Position = tables.DataStart;
        _end = (int)Math.Min(image.Length, ((long)tables.DataStart + BlockBytes - 1) / BlockBytes * BlockBytes);
    }

    /// <summary>
    /// Length: the bytes up to the end of the scan. IsWhole: no part of it is missing, which the decoder would fill with gray. VisibleEnd: what
    /// Pillow has read of the file by then.
    /// </summary>
    public readonly record struct Extent(int Length, int VisibleEnd, int Marker, bool IsWhole);

    /// <exception cref="ImageException">The data ends before the last row.</exception>
    public static Extent Walk(ReadOnlySpan<byte> image, JpegTables tables, in ImageHeader header)
    {
        var scan = new JpegScan(image, tables);
        return scan.Walk(header);
    }

    Extent Walk(in ImageHeader header)
    {
        var isWhole = true;
        var untilRestart = _tables.RestartInterval;
        for (var unit = 0L; unit < _tables.Units; unit++)
        {
            if (_tables.RestartInterval > 0 && untilRestart-- == 0)
            {
                _state.Bits = 0;
                while (!Restart())
                {
                    Grow(header);
                }

                untilRestart = _tables.RestartInterval - 1;
            }

            if (!_state.LacksData)
            {
                Unit(header);
            }

            isWhole &= !_state.LacksData;
        }

        // The marker that ended the data has been read; what precedes it is the scan's.
        return new(_state.Marker == 0 ? _state.Position : _state.Position - 2, _end, _state.Marker, isWhole);
    }

    void Grow(in ImageHeader header)
    {
        if (_end == _image.Length)
        {
            throw ImageException.Damaged(header);
        }

        _end = Math.Min(_image.Length, _end + BlockBytes);
        _isDry = false;
    }

    void Unit(in ImageHeader header)
    {
        var before = _state;
        while (true)
        {
            var isFast = _tables.RestartInterval == 0 && _state.Marker == 0 && _end - _state.Position >= FastBytes * _tables.Blocks.Length;
            if ((isFast && Unit(isFast: true)) || Retried(before))
            {
                return;
            }

            _state = before;
            Grow(header);
        }
    }

    bool Retried(in State before)
    {
        _state = before;
        return Unit(isFast: false) && !_isDry;
    }

    /// <summary>False where the fast way met a marker, or the other ran dry.</summary>
    bool Unit(bool isFast)
    {
        foreach (var (direct, others) in _tables.Blocks)
        {
            Skip(Symbol(direct, isFast), isFast);
            for (var k = 1; k < 64 && !_isDry; k++)
            {
                var symbol = Symbol(others, isFast);
                if ((symbol & 15) != 0)
                {
                    k += symbol >> 4;
                    Skip(symbol & 15, isFast);
                }
                else if (symbol == 0xF0)
                {
                    k += 15;
                }
                else
                {
                    break;
                }
            }

            if (_isDry || (isFast && _state.Marker != 0))
            {
                return false;
            }
        }

        return true;
    }

    int Symbol(JpegHuffmanTable table, bool isFast)
    {
        var length = 1;
        if (isFast)
        {
            FillFast();
        }
        else if (_state.Bits < JpegHuffmanTable.LookAhead)
        {
            Fill(0);
        }

        if (_state.Bits >= JpegHuffmanTable.LookAhead)
        {
            var look = table.Look((int)(_state.Buffer >> (_state.Bits - JpegHuffmanTable.LookAhead)) & 0xFF);
            length = look >> 8;
            if (length <= JpegHuffmanTable.LookAhead)
            {
                _state.Bits -= length;
                return look & 0xFF;
            }
        }

        var code = Take(length, isFast);
        while (table.GoesOn(code, length) && !_isDry)
        {
            code = (code << 1) | Take(1, isFast);
            length++;
        }

        return table.Symbol(code, length);
    }

    void Skip(int bits, bool isFast)
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
        if (!isFast && _state.Bits < bits)
        {
            Fill(bits);
        }

        // Dry, or past a marker in the fast way: the unit is done again.
        if (_state.Bits < bits)
        {
            return 0;
        }

        _state.Bits -= bits;
        return (int)(_state.Buffer >> _state.Bits) & ((1 << bits) - 1);
    }

    void FillFast()
    {
        if (_state.Bits > 16 || _state.Marker != 0)
        {
            return;
        }

        for (var i = 0; i < 6; i++)
        {
            var value = _image[_state.Position++];
            _state.Buffer = (_state.Buffer << 8) | value;
            _state.Bits += 8;
            if (value == 0xFF && _image[_state.Position++] is not 0 and var marker)
            {
                _state.Marker = marker;
                return;
            }
        }
    }

    /// <summary>jpeg_fill_bit_buffer.</summary>
    void Fill(int wanted)
    {
        while (_state.Marker == 0 && _state.Bits < FullBits)
        {
            var value = Byte();
            if (value == 0xFF)
            {
                do
                {
                    value = Byte();
                }
                while (value == 0xFF);

                (value, _state.Marker) = value == 0 ? (0xFF, 0) : (value, value);
            }

            if (_isDry)
            {
                return;
            }

            if (_state.Marker == 0)
            {
                _state.Buffer = (_state.Buffer << 8) | (byte)value;
                _state.Bits += 8;
            }
        }

        if (wanted > _state.Bits)
        {
            _state.LacksData = true;
            _state.Buffer <<= FullBits - _state.Bits;
            _state.Bits = FullBits;
        }
    }

    int Byte()
    {
        _isDry |= _state.Position >= _end;
        return _isDry ? 1 : _image[_state.Position++];
    }

    /// <summary>process_restart, with jpeg_resync_to_restart where another marker stands there. False where the source ran dry.</summary>
    bool Restart()
    {
        if (_state.Marker == 0 && !NextMarker())
        {
            return false;
        }

        while (_state.Marker != JpegMarker.FirstRestart + _nextRestart)
        {
            var ahead = _state.Marker - JpegMarker.FirstRestart - _nextRestart & 7;
            if (_state.Marker >= JpegMarker.BaselineFrame
                && (_state.Marker is < JpegMarker.FirstRestart or > JpegMarker.LastRestart || ahead is 1 or 2))
            {
                // Another segment, or one of the next two restarts: this interval stays empty.
                _nextRestart = (_nextRestart + 1) & 7;
                return true;
            }

            if (_state.Marker >= JpegMarker.BaselineFrame && ahead is not (6 or 7))
            {
                break;
            }

            if (!NextMarker())
            {
                return false;
            }
        }

        _state.Marker = 0;
        _state.LacksData = false;
        _nextRestart = (_nextRestart + 1) & 7;
        return true;
    }

    bool NextMarker()
    {
        var marker = JpegMarker.Next(_image[.._end], ref _state.Position);
        _state.Marker = Math.Max(marker, 0);
        return marker >= 0;
    }
}
