using System.Buffers;
using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// Walks the first image's LZW codes (GIF89a, appendix F) without writing pixels: all of them must be there, else StbImageSharp leaves the rest black.
/// </summary>
static class GifData
{
    const int MostCodes = 4096;

    public static void Check(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var descriptor = GifHeader.FirstImage(image);
        long wanted = (long)UInt16(descriptor, 5) * UInt16(descriptor, 7);
        if (UInt16(image, 6) != header.Width || UInt16(image, 8) != header.Height)
        {
            throw ManagedCheck.Unsupported("A GIF whose first image reaches beyond its screen");
        }

        var data = descriptor[10..];
        var table = GifHeader.ColourTableBytes(descriptor[9]);
        if (table + 1 >= data.Length || data[table] is < 1 or > 11 || !HasPixels(data[(table + 1)..], data[table], wanted))
        {
            throw ImageException.Damaged(header);
        }
    }

    static int UInt16(ReadOnlySpan<byte> bytes, int at) => bytes[at] | (bytes[at + 1] << 8);

    /// <summary>Sub-blocks of length and data; each code stands for a string whose length is all that counts here.</summary>
    static bool HasPixels(ReadOnlySpan<byte> blocks, int rootBits, long wanted)
    {
        var lengths = ArrayPool<int>.Shared.Rent(MostCodes);
        try
        {
            int clear = 1 << rootBits, bits = rootBits + 1, next = clear + 2, previous = -1, buffer = 0, held = 0;
            lengths.AsSpan(0, clear).Fill(1);
            while (wanted > 0)
            {
                if (blocks.IsEmpty || blocks[0] == 0 || blocks.Length <= blocks[0])
                {
                    return false;
                }

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

                        // The end code, or one that no string has yet: the pixels before it must be all.
                        if (code == clear + 1 || code > next || (code == next && previous < 0))
                        {
                            return wanted <= 0;
                        }

                        if (previous >= 0 && next < MostCodes)
                        {
                            lengths[next++] = lengths[previous] + 1;
                        }

                        wanted -= lengths[code];
                        previous = code;
                        if (next == 1 << bits && bits < 12)
                        {
                            bits++;
                        }
                    }
                }

                blocks = blocks[(1 + blocks[0])..];
            }

            return true;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(lengths);
        }
    }
}
