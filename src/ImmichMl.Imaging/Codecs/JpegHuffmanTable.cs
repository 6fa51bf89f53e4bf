namespace ImmichMl.Imaging.Codecs;

/// <summary>A Huffman table as libjpeg derives it (T.81, F.2.2.3): codes of up to 8 bits by one look, longer ones bit by bit.</summary>
sealed class JpegHuffmanTable
{
    public const int LookAhead = 8;

    const int LongestCode = 16;

    readonly ushort[] _short = new ushort[1 << LookAhead];
    readonly int[] _largest = new int[LongestCode + 2];
    readonly int[] _offset = new int[LongestCode + 1];
    readonly byte[] _symbols = new byte[256];

    /// <param name="counts">How many codes there are of each length from 1 to 16.</param>
    /// <param name="symbols">What they stand for, the shortest first.</param>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        symbols.CopyTo(_symbols);
        _short.AsSpan().Fill((LookAhead + 1) << 8);
        _largest[LongestCode + 1] = int.MaxValue;
        int code = 0, next = 0;
        for (var length = 1; length <= LongestCode; length++)
        {
            int count = counts[length - 1];
            _offset[length] = next - code;
            if (length <= LookAhead && code + count <= 1 << length)
            {
                for (var i = 0; i < count; i++)
                {
                    var value = (ushort)((length << 8) | symbols[next + i]);
                    _short.AsSpan((code + i) << (LookAhead - length), 1 << (LookAhead - length)).Fill(value);
                }
            }

            (next, code) = (next + count, code + count);
            IsSound &= code < 1 << length; // no code may be all ones
            _largest[length] = count == 0 ? -1 : code - 1;
            code <<= 1;
        }
    }

    /// <summary>Of the sixteen lengths together.</summary>
    public static int CodeCount(ReadOnlySpan<byte> counts)
    {
        var sum = 0;
        foreach (var count in counts)
        {
            sum += count;
        }

        return sum;
    }

    /// <summary>False where there are more codes than bits for them.</summary>
    public bool IsSound { get; private set; } = true;

    public bool HasOnlySizes => !_symbols.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)15);

    /// <summary>The code's length in the upper byte, its symbol in the lower; past <see cref="LookAhead"/> it is longer.</summary>
    public int Look(int bits) => _short[bits];

    /// <summary>True where a code of so many bits goes on.</summary>
    public bool GoesOn(int code, int length) => code > _largest[length];

    /// <summary>0 where no code is so long, as libjpeg has it.</summary>
    public int Symbol(int code, int length) => length > LongestCode ? 0 : _symbols[(code + _offset[length]) & 0xFF];
}
