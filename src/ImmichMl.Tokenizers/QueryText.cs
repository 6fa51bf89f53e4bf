namespace ImmichMl.Tokenizers;

/// <summary>A query as the original cleans it before the tokenizer.</summary>
public static class QueryText
{
    const int CapitalSigma = 0x3A3;

    /// <summary>
    /// White space collapsed as Python's split does it; canonicalized: ASCII punctuation off after that, then lower case.
    /// </summary>
    public static string Clean(string text, bool canonicalize)
    {
        var result = new StringBuilder(text.Length);
        bool isPending = false;
        foreach (char c in text)
        {
            // Python counts the separators U+001C to U+001F as white space, .NET does not.
            if (char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F')
            {
                isPending = result.Length > 0;
                continue;
            }

            if (isPending)
            {
                result.Append(' ');
                isPending = false;
            }

            result.Append(c);
        }

        return canonicalize ? Lower(WithoutPunctuation(result)) : result.ToString();
    }

    static string WithoutPunctuation(StringBuilder text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (ReadOnlyMemory<char> chunk in text.GetChunks())
        {
            foreach (char c in chunk.Span)
            {
                if (c >= 0x80 || !(char.IsPunctuation(c) || char.IsSymbol(c)))
                {
                    kept.Append(c);
                }
            }
        }

        return kept.ToString();
    }

    /// <summary>The full mapping, with Σ at the end of a word as ς.</summary>
    static string Lower(string text)
    {
        string lower = TextRules.Lowercase(text);
        if (!text.Contains((char)CapitalSigma))
        {
            return lower;
        }

        var result = new StringBuilder(text.Length);
        Rune[] runes = [.. text.EnumerateRunes()];
        bool isAfterCased = false;
        for (int i = 0; i < runes.Length; i++)
        {
            bool isFinal = runes[i].Value == CapitalSigma && isAfterCased && !IsCasedNext(runes, i + 1);
            result.Append(isFinal ? "ς" : TextRules.Lowercase(runes[i].ToString()));
            isAfterCased = IsIgnored(runes[i]) ? isAfterCased : IsCased(runes[i]);
        }

        return result.ToString();
    }

    static bool IsCasedNext(Rune[] runes, int from)
    {
        while (from < runes.Length && IsIgnored(runes[from]))
        {
            from++;
        }

        return from < runes.Length && IsCased(runes[from]);
    }

    static bool IsCased(Rune rune) => UnicodeTables.Category(rune.Value)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    /// <summary>Unicode's Case_Ignorable: what a word may hold without being cased itself.</summary>
    static bool IsIgnored(Rune rune) => rune.Value is '\'' or '.' or ':' or '^' or '`' or 0xB7 or 0x2018 or 0x2019 or 0x2024 or 0x2027
        || UnicodeTables.Category(rune.Value) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
