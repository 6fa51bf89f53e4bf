namespace ImmichMl.Tokenizers;

/// <summary>What a character does in a word, for the expressions that are run by hand: \s, \p{L}, \p{N} and all else.</summary>
enum WordPart
{
    Space,
    Letter,
    Number,
    Other,
}

static class WordParts
{
    static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <param name="text">Well formed.</param>
    /// <param name="at">Where a character begins.</param>
    /// <param name="length">Its UTF-16 units.</param>
    public static WordPart At(string text, int at, out int length)
    {
        if (text[at] < 0x80)
        {
            length = 1;
            return char.IsAsciiLetter(text[at]) ? WordPart.Letter : char.IsAsciiDigit(text[at]) ? WordPart.Number
                : text[at] is ' ' or (>= '\t' and <= '\r') ? WordPart.Space : WordPart.Other;
        }

        Rune rune = Rune.GetRuneAt(text, at);
        length = rune.Utf16SequenceLength;
        return UnicodeTables.Category(rune.Value) switch
        {
            <= UnicodeCategory.OtherLetter => WordPart.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => WordPart.Number,
            _ => TextRules.IsWhiteSpace(rune) ? WordPart.Space : WordPart.Other,
        };
    }

    /// <summary>Where characters of one kind end that begin at <paramref name="at"/>.</summary>
    public static int EndOf(WordPart part, string text, int at)
    {
        while (at < text.Length && At(text, at, out int length) == part)
        {
            at += length;
        }

        return at;
    }

    /// <summary>The length of 's, 't, 're, 've, 'm, 'll or 'd; 0 where none stands.</summary>
    public static int ContractionAt(string text, int at)
    {
        if (text[at] != '\'')
        {
            return 0;
        }

        foreach (string contraction in _contractions)
        {
            if (text.AsSpan(at).StartsWith(contraction, StringComparison.Ordinal))
            {
                return contraction.Length;
            }
        }

        return 0;
    }
}
