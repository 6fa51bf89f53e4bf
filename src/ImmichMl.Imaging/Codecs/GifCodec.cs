using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// The first image of a GIF, as Pillow 9.4's GifDecode.c reads it: indices become the palette's colours, also the transparent one; what the
/// image does not cover has the colour of the transparent index, or of index 0 where none is.
/// </summary>
static class GifCodec
{
    const int MostCodes = 4096;
    const int MostBits = 12;

    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var descriptor = GifHeader.FirstImage(image);
        var local = GifHeader.ColourTableBytes(descriptor[9]);
        if (descriptor.Length <= 10 + local || descriptor[10 + local] > MostBits)
        {
            throw ImageException.Damaged(header);
        }

        var table = local > 0 ? descriptor.Slice(10, local) : image.Slice(13, GifHeader.ColourTableBytes(image[10]));
        var palette = GrayRamp.After(table, Bitmap.BytesPerPixel, 256);
        var bitmap = Bitmap.Allocate(header.Width, header.Height);
        try
        {
            var background = 3 * Math.Max(GifHeader.TransparentIndex(image), 0);
            Fill(bitmap, palette.AsSpan(background, 3));
            var rows = new Rows(bitmap, palette, descriptor);
            if (!HasAllPixels(descriptor[(10 + local + 1)..], descriptor[10 + local], ref rows))
            {
                throw ImageException.Damaged(header);
            }

            return bitmap;
        }
        catch
        {
            bitmap.Dispose();
            throw;
        }
    }

    static void Fill(Bitmap bitmap, ReadOnlySpan<byte> colour)
    {
        var pixels = bitmap.Pixels;
        for (var i = 0; i < pixels.Length; i += 3)
        {
            colour.CopyTo(pixels[i..]);
        }
    }

    /// <summary>Where the next pixel goes.</summary>
    ref struct Rows
    {
        readonly Bitmap _bitmap;
        readonly ReadOnlySpan<byte> _palette;
        readonly int _left, _top, _width, _height;
        int _x, _y, _step, _pass;
        Span<byte> _row;

        public Rows(Bitmap bitmap, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> descriptor)
        {
            _bitmap = bitmap;
            _palette = palette;
            (_left, _top, _width, _height) = (UInt16(descriptor, 1), UInt16(descriptor, 3), UInt16(descriptor, 5), UInt16(descriptor, 7));
            var isInterlaced = (descriptor[9] & 0x40) != 0;
            (_step, _pass) = isInterlaced ? (8, 0) : (1, 3);
            _row = Row();
        }

        /// <summary>True once the last pixel is there; the rest is surplus.</summary>
        public bool Add(scoped ReadOnlySpan<byte> indices)
        {
            foreach (var index in indices)
            {
                _palette.Slice(3 * index, 3).CopyTo(_row[(3 * _x)..]);
                if (++_x == _width)
                {
                    _x = 0;
                    _y += _step;
                    while (_y >= _height)
                    {
                        // GIF89a, appendix E: every eighth row, the ones between, every second, the rest.
                        (_y, _step) = _pass switch { 0 => (4, 8), 1 => (2, 4), _ => (1, 2) };
                        if (_pass++ >= 3)
                        {
                            return true;
                        }
                    }

                    _row = Row();
                }
            }

            return false;
        }

        readonly Span<byte> Row() => _bitmap.Row(_top + _y).Slice(3 * _left, 3 * _width);
    }

    static int UInt16(ReadOnlySpan<byte> bytes, int at) => bytes[at] | (bytes[at + 1] << 8);

    /// <summary>LZW (GIF89a, appendix F), in sub-blocks; each code stands for the string before it and one index more.</summary>
    static bool HasAllPixels(ReadOnlySpan<byte> blocks, int rootBits, ref Rows rows)
    {
        var links = ArrayPool<int>.Shared.Rent(MostCodes);
        var text = ArrayPool<byte>.Shared.Rent(2 * MostCodes);
        try
        {
            Span<byte> last = text.AsSpan(0, MostCodes), reversed = text.AsSpan(MostCodes, MostCodes);
            int clear = 1 << rootBits, bits = rootBits + 1, next = clear + 2, previous = -1, buffer = 0, held = 0;
            byte first = 0;
            while (!blocks.IsEmpty && blocks.Length > blocks[0])
            {
                foreach (var value in blocks.Slice(1, blocks[0]))
                {
                    buffer |= value << held;
                    held += 8;
                    while (held >= bits)
                    {
                        var code = buffer & ((1 << bits) - 1);
                        buffer >>= bits;
                        held -= bits;
                        if (code == clear)
                        {
                            (bits, next, previous) = (rootBits + 1, clear + 2, -1);
                            continue;
                        }

                        // The end before the last pixel, or a code that no string has yet.
                        if (code == clear + 1 || code > next || (code > clear && previous < 0))
                        {
                            return false;
                        }

                        var (at, rest) = (MostCodes, code);
                        if (code == next && previous >= 0)
                        {
                            (reversed[--at], rest) = (first, previous);
                        }

                        for (; rest >= clear; rest = links[rest])
                        {
                            if (at == 0 || rest >= MostCodes)
                            {
                                return false;
                            }

                            reversed[--at] = last[rest];
                        }

                        first = (byte)rest;
                        if (previous >= 0 && next < MostCodes)
                        {
                            (last[next], links[next]) = (first, previous);
                            if (next == (1 << bits) - 1 && bits < MostBits)
                            {
                                bits++;
                            }

                            next++;
                        }

                        previous = code;
                        if (rows.Add([first]) || rows.Add(reversed[at..]))
                        {
                            return true;
                        }
                    }
                }

                blocks = blocks[(1 + blocks[0])..];
            }

            return false;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
            ArrayPool<byte>.Shared.Return(text);
        }
    }
}
