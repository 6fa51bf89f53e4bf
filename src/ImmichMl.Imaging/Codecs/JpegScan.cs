using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// Walks the entropy-coded data of a JPEG's only scan as libjpeg-turbo 2.1's jdhuff.c does when its source may run dry, which is how Pillow
/// uses it: that alone tells whether all rows are there when the end marker is missing, and where the scan ends. It makes no pixels.
/// </summary>
ref struct JpegScan
{
    // Pillow's ImageFile.MAXBLOCK: the decoder sees the file grow by so much, and nothing behind the block with the last row.
    const int BlockBytes = 65_536;

    const int FastBytes = 512; // BUFSIZE: with so many a block, it reads without looking for the end

    readonly ReadOnlySpan<byte> _image;
    readonly JpegTables _tables;
    JpegBits _bits;
    int _nextRestart;

    JpegScan(ReadOnlySpan<byte> image, JpegTables tables)
    {
        _image = image;
        _tables = tables;
        var blocksEnd = ((long)tables.DataStart + BlockBytes - 1) / BlockBytes * BlockBytes;
        _bits = new(image, tables.DataStart, (int)Math.Min(image.Length, blocksEnd));
    }

    /// <summary>
    /// Length: the bytes up to the end of the scan. IsWhole: no part of it is missing, which the decoder would fill with gray. VisibleEnd:
    /// what Pillow has read of the file by then.
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
                _bits.Now.Bits = 0;
                while (!Restart())
                {
                    Grow(header);
                }

                untilRestart = _tables.RestartInterval - 1;
            }

            if (!_bits.Now.LacksData)
            {
                Unit(header);
            }

            isWhole &= !_bits.Now.LacksData;
        }

        // The marker that ended the data has been read; what precedes it is the scan's.
        return new(_bits.Now.Marker == 0 ? _bits.Now.Position : _bits.Now.Position - 2, _bits.End, _bits.Now.Marker, isWhole);
    }

    void Grow(in ImageHeader header)
    {
        if (_bits.End == _image.Length)
        {
            throw ImageException.Damaged(header);
        }

        _bits.Grow(Math.Min(_image.Length, _bits.End + BlockBytes));
    }

    void Unit(in ImageHeader header)
    {
        var before = _bits.Now;
        while (true)
        {
            var isFast = _tables.RestartInterval == 0 && _bits.Now.Marker == 0
                && _bits.End - _bits.Now.Position >= FastBytes * _tables.Blocks.Length;
            if (isFast && Unit(isFast: true))
            {
                return;
            }

            _bits.Now = before;
            if (Unit(isFast: false))
            {
                return;
            }

            _bits.Now = before;
            Grow(header);
        }
    }

    /// <summary>False where the fast way met a marker, or the other ran dry.</summary>
    bool Unit(bool isFast)
    {
        foreach (var (direct, others) in _tables.Blocks)
        {
            _bits.Skip(_bits.Symbol(direct, isFast), isFast);
            for (var k = 1; k < 64 && !_bits.IsDry; k++)
            {
                var symbol = _bits.Symbol(others, isFast);
                if ((symbol & 15) != 0)
                {
                    k += symbol >> 4;
                    _bits.Skip(symbol & 15, isFast);
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

            if (_bits.IsDry || (isFast && _bits.Now.Marker != 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>process_restart, with jpeg_resync_to_restart where another marker stands there. False where the source ran dry.</summary>
    bool Restart()
    {
        if (_bits.Now.Marker == 0 && !NextMarker())
        {
            return false;
        }

        while (true)
        {
            var isRestart = _bits.Now.Marker is >= JpegMarker.FirstRestart and <= JpegMarker.LastRestart;
            var ahead = (_bits.Now.Marker - JpegMarker.FirstRestart - _nextRestart) & 7;
            if (isRestart && ahead is (0 or 3 or 4 or 5))
            {
                // The one that is due, or one so far off that it is taken for it.
                (_bits.Now.Marker, _bits.Now.LacksData) = (0, false);
                break;
            }

            if (_bits.Now.Marker >= JpegMarker.BaselineFrame && !(isRestart && ahead is (6 or 7)))
            {
                break; // Another segment, or one of the next two restarts: this interval stays empty.
            }

            if (!NextMarker())
            {
                return false;
            }
        }

        _nextRestart = (_nextRestart + 1) & 7;
        return true;
    }

    bool NextMarker()
    {
        var marker = JpegMarker.Next(_image[.._bits.End], ref _bits.Now.Position);
        _bits.Now.Marker = Math.Max(marker, 0);
        return marker >= 0;
    }
}
