namespace ImmichMl.Tokenizers;

/// <summary>Normalizing steps that go character by character.</summary>
static class TextRules
{
    public static bool IsWhiteSpace(Rune rune) => UnicodeTables.Has(rune.Value, CodePointFlags.WhiteSpace);

    public static string Filter(string text, CodePointFlags dropped)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!UnicodeTables.Has(rune.Value, dropped))
            {
                result.Append(rune);
            }
        }

        return result.Length == text.Length ? text : result.ToString();
    }

    /// <summary>Each character by itself: no rule of context, so a final sigma is like any other.</summary>
    public static string Lowercase(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\x7F'))
        {
            return text.ToLowerInvariant();
        }

        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (UnicodeTables.Lower.TryGetValue(rune.Value, out int[]? lower))
            {
                foreach (int point in lower)
                {
                    result.Append(new Rune(point));
                }
            }
            else
            {
                result.Append(rune);
            }
        }

        return result.ToString();
    }

    public static string Strip(string text, bool left, bool right)
    {
        int start = 0;
        int end = text.Length;
        while (left && start < end && UnicodeTables.Has(text[start], CodePointFlags.WhiteSpace))
        {
            start++;
        }

        while (right && end > start && UnicodeTables.Has(text[end - 1], CodePointFlags.WhiteSpace))
        {
            end--;
        }

        return text[start..end];
    }

    public static string BertClean(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (UnicodeTables.Has(rune.Value, CodePointFlags.BertSpace))
            {
                result.Append(' ');
            }
            else if (!UnicodeTables.Has(rune.Value, CodePointFlags.BertRemoved))
            {
                result.Append(rune);
            }
        }

        return result.ToString();
    }

    public static string SpaceAroundChinese(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsChinese(rune.Value))
            {
                result.Append(' ').Append(rune).Append(' ');
            }
            else
            {
                result.Append(rune);
            }
        }

        return result.ToString();
    }

    /// <summary>The original's list; it says 2B920 where the block begins at 2B820.</summary>
    static bool IsChinese(int point) => point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x2F800 and <= 0x2FA1F);
}
