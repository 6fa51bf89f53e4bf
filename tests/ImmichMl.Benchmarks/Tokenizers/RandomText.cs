namespace ImmichMl.Benchmarks.Tokenizers;

/// <summary>
/// Texts that look random and are the same for the same seed, from what tends to go wrong. Surrogates without their half too.
/// </summary>
sealed class RandomText(ulong seed)
{
    static readonly string[] s_parts =
    [
        " ", "  ", "a", "the", "photo", "'s", "'LL", "0", "12345", ".", "!?", "</w>", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "[CLS]",
            "[MASK]",
        "##", "\u2581", "<|endoftext|>", "<|startoftext|>", "<0x0A>", "<bos>", "<extra_id_0>", "\n", "\t", "\0", "\u0085", "\u00A0",
            "\u200D", "\uFEFF",
        "e\u0301", "\u0130", "\u03A3", "\uFB01", "\u1E9E", "\u4E2D", "\uAC00", "\u1100\u1161\u11A8", "\u0915\u094D\u0937", "\u0627\u0644",
            "\u05E9",
        "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F1E6\U0001F1F9", "\U0001F600", "\uD800", "\uDC00", "\uFFFF",
    ];

    ulong _state = seed;

    public string Next()
    {
        var text = new StringBuilder();
        for (int left = Below(24); left > 0; left--)
        {
            Append(text);
        }

        return text.ToString();
    }

    /// <summary>Each part over and over, and mixtures, of so many UTF-8 bytes.</summary>
    public IEnumerable<string> Long(int bytes)
    {
        foreach (string part in s_parts)
        {
            yield return string.Concat(Enumerable.Repeat(part, bytes / Encoding.UTF8.GetByteCount(part)));
        }

        for (int i = 0; i < 50; i++)
        {
            var text = new StringBuilder();
            for (int size = 0; size < bytes;)
            {
                int from = text.Length;
                Append(text);
                size += Encoding.UTF8.GetByteCount(text.ToString(from, text.Length - from));
            }

            yield return text.ToString();
        }
    }

    void Append(StringBuilder text)
    {
        switch (Below(4))
        {
            case 0:
                text.Append(s_parts[Below(s_parts.Length)]);
                break;
            case 1:
                text.Append((char)('a' + Below(26)));
                break;
            case 2:
                text.Append((char)Below(0x10000));
                break;
            default:
                text.Append(new Rune(Below(0x100000) + 0x10000));
                break;
        }
    }

    /// <summary>Knuth's MMIX constants.</summary>
    int Below(int end)
    {
        _state = unchecked((_state * 6364136223846793005) + 1442695040888963407);
        return (int)((_state >> 33) % (ulong)end);
    }
}
