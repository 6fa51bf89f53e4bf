namespace ImmichMl.Tokenizers;

/// <summary>
/// GPT-2's expression by hand, in linear time: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
/// </summary>
static class Gpt2Words
{
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
        if (WordParts.ContractionAt(text, at) is > 0 and var length)
        {
            return at + length;
        }

        int from = text[at] == ' ' && at + 1 < text.Length && WordParts.At(text, at + 1, out _) != WordPart.Space ? at + 1 : at;
        WordPart kind = WordParts.At(text, from, out _);
        int end = from;
        int last = from;
        while (end < text.Length && WordParts.At(text, end, out int step) == kind)
        {
            last = end;
            end += step;
        }

        // White space before a word leaves its last character to the word, if there is one to leave.
        return kind == WordPart.Space && end < text.Length && last > at ? last : end;
    }
}
