using System.Globalization;
using System.Text;

namespace ImmichMl.Inference.Tokenizers;

/// <summary>
/// GPT-2's expression by hand, in linear time: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// </summary>
static class Gpt2Words
{
    static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    public static IEnumerable<(int Start, int End)> Cut(string text)
    {
        for (int at = 0, end; at < text.Length; at = end)
        {
            end = EndOf(text, at);
            yield return (at, end);
        }
    }

    static int EndOf(string text, int at)
    {
        foreach (string contraction in _contractions)
        {
            if (string.CompareOrdinal(text, at, contraction, 0, contraction.Length) == 0)
            {
                return at + contraction.Length;
            }
        }

        int from = text[at] == ' ' && at + 1 < text.Length && KindAt(text, at + 1, out _) != Kind.Space ? at + 1 : at;
        Kind kind = KindAt(text, from, out _);
        int end = from;
        int last = from;
        while (end < text.Length && KindAt(text, end, out int length) == kind)
        {
            last = end;
            end += length;
        }

        // White space before a word leaves its last character to the word, if there is one to leave.
        return kind == Kind.Space && end < text.Length && last > at ? last : end;
    }

    static Kind KindAt(string text, int at, out int length)
    {
        if (text[at] < 0x80)
        {
            length = 1;
            return char.IsAsciiLetter(text[at]) ? Kind.Letter : char.IsAsciiDigit(text[at]) ? Kind.Number
                : text[at] is ' ' or (>= '\t' and <= '\r') ? Kind.Space : Kind.Other;
        }

        Rune rune = Rune.GetRuneAt(text, at);
        length = rune.Utf16SequenceLength;
        return UnicodeTables.Category(rune.Value) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => TextRules.IsWhiteSpace(rune) ? Kind.Space : Kind.Other,
        };
    }
}
