using System.Buffers.Binary;

namespace ImmichMl.Tokenizers;

/// <summary>
/// sentencepiece's character map: a double-array trie (darts-clone's layout) of byte strings, whose values are offsets into zero-ended
/// replacements. As spm_precompiled does it: a grapheme cluster under six bytes is looked up whole, and the shortest match of it counts
/// for all of it; otherwise its characters one by one.
/// </summary>
sealed class Precompiled
{
    const int WholeClusterBytes = 6;
    readonly uint[] _trie;
    readonly byte[] _replacements;

    public Precompiled(string base64)
    {
        var map = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, map, out int read))
        {
            throw new FormatException("precompiled_charsmap is not base64.");
        }

        Array.Resize(ref map, read);
        int size = map.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(map);
        if (size < 4 || size > map.Length - 4 || size % 4 != 0)
        {
            throw new FormatException("precompiled_charsmap is cut.");
        }

        _trie = new uint[size / 4];
        for (int i = 0; i < _trie.Length; i++)
        {
            _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + (4 * i)));
        }

        _replacements = map[(4 + size)..];
    }

    public string Normalize(string text, TextBudget budget)
    {
        budget.Check(text.Length);
        var result = new StringBuilder(text.Length + 8);
        Span<byte> bytes = stackalloc byte[WholeClusterBytes];
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = text[at] < 0x80 && (at + 1 == text.Length || (text[at + 1] < 0x80 && text[at] != '\r'))
                ? 1 : StringInfo.GetNextTextElementLength(text.AsSpan(at));
            ReadOnlySpan<char> cluster = text.AsSpan(at, length);
            if (length < WholeClusterBytes && Encoding.UTF8.TryGetBytes(cluster, bytes[..(WholeClusterBytes - 1)], out int whole)
                && TryReplace(bytes[..whole], result, budget))
            {
                continue;
            }

            foreach (Rune rune in cluster.EnumerateRunes())
            {
                if (!TryReplace(bytes[..rune.EncodeToUtf8(bytes)], result, budget))
                {
                    result.Append(rune);
                }
            }
        }

        return result.ToString();
    }

    bool TryReplace(ReadOnlySpan<byte> key, StringBuilder result, TextBudget budget)
    {
        uint node = Offset(_trie[0]);
        foreach (byte label in key)
        {
            node ^= label;
            if (label == 0 || node >= _trie.Length || (_trie[node] & 0x800000FF) != label)
            {
                return false;
            }

            uint unit = _trie[node];
            node ^= Offset(unit);
            if (((unit >> 8) & 1) != 0)
            {
                uint value = node < _trie.Length ? _trie[node] & 0x7FFFFFFF : uint.MaxValue;
                if (value > _replacements.Length)
                {
                    return false;
                }

                ReadOnlySpan<byte> rest = _replacements.AsSpan((int)value);
                int end = rest.IndexOf((byte)0);
                rest = end < 0 ? rest : rest[..end];
                if (result.Length + (long)rest.Length > budget.Most)
                {
                    budget.Check(result.Length + Encoding.UTF8.GetCharCount(rest));
                }

                result.Append(Encoding.UTF8.GetString(rest));
                return true;
            }
        }

        return false;
    }

    static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1 << 9)) >> 6);
}
