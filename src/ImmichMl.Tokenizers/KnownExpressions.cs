namespace ImmichMl.Tokenizers;

/// <summary>
/// The expressions of CLIP's tokenizer.json by hand, in linear time. The engine's interpreter is cold at every query, because a model has
/// run since the last one: by hand a query's preprocessing takes 0.11 instead of 0.14 ms.
/// </summary>
static class KnownExpressions
{
    public const string WhiteSpace = @"\s+";
    public const string ClipWords = @"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

    static readonly string[] _marks = ["<|startoftext|>", "<|endoftext|>"];

    /// <summary>What finds the matches; null for an expression that is not known.</summary>
    public static Func<string, List<(int Start, int End)>>? Find(string expression) => expression switch
    {
        WhiteSpace => text => Matches(text, static (text, at) => WordParts.EndOf(WordPart.Space, text, at)),
        ClipWords => text => Matches(text, EndOfWord),
        _ => null,
    };

    /// <param name="text">Well formed.</param>
    /// <param name="endOf">Where a match ends that begins here; here, where none does.</param>
    static List<(int Start, int End)> Matches(string text, Func<string, int, int> endOf)
    {
        var matches = new List<(int Start, int End)>();
        for (int at = 0; at < text.Length;)
        {
            int end = endOf(text, at);
            if (end > at)
            {
                matches.Add((at, end));
                at = end;
            }
            else
            {
                at += char.IsSurrogatePair(text, at) ? 2 : 1;
            }
        }

        return matches;
    }

    static int EndOfWord(string text, int at)
    {
        foreach (string mark in _marks)
        {
            if (text.AsSpan(at).StartsWith(mark, StringComparison.Ordinal))
            {
                return at + mark.Length;
            }
        }

        if (WordParts.ContractionAt(text, at) is > 0 and var length)
        {
            return at + length;
        }

        WordPart part = WordParts.At(text, at, out int step);
        return part switch
        {
            WordPart.Space => at,
            WordPart.Number => at + step,
            _ => WordParts.EndOf(part, text, at),
        };
    }
}
