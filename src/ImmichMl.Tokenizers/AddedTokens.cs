namespace ImmichMl.Tokenizers;

/// <summary>One entry of added_tokens.</summary>
sealed record AddedToken(string Content, int Id, bool SingleWord, bool LeftStrip, bool RightStrip, bool Normalized);

/// <summary>
/// Finds added tokens in a text: those that are not normalized in the raw text, the others in what lies between, once it is normalized.
/// The leftmost counts, and of those the longest.
/// </summary>
sealed class AddedTokens
{
    readonly Dictionary<char, AddedToken[]> _raw;
    readonly Dictionary<char, AddedToken[]> _normalized;

    /// <exception cref="InvalidDataException">The normalizer makes too much of them.</exception>
    public AddedTokens(IReadOnlyList<AddedToken> tokens, Normalizer normalize)
    {
        long left = new TextBudget(tokens.Sum(token => (long)token.Content.Length), CancellationToken.None).Most;
        string Normalize(string content)
        {
            string normalized = normalize(content, new TextBudget(content.Length, CancellationToken.None));
            left -= normalized.Length;
            return left >= 0 ? normalized : throw new InvalidDataException("the normalizer makes too much of added_tokens.");
        }

        _raw = ByFirst(tokens.Where(token => !token.Normalized));
        _normalized = ByFirst(tokens.Where(token => token.Normalized).Select(token => token with { Content = Normalize(token.Content) }));
    }

    static Dictionary<char, AddedToken[]> ByFirst(IEnumerable<AddedToken> tokens) => tokens
        .Where(token => token.Content.Length > 0)
        .GroupBy(token => token.Content[0])
        .ToDictionary(group => group.Key, group => group.DistinctBy(token => token.Content).OrderByDescending(token => token.Content.Length)
            .ToArray());

    public IEnumerable<(int Start, int End, int Id)> SplitRaw(string text, TextBudget budget) => Split(text, _raw, budget);

    public IEnumerable<(int Start, int End, int Id)> SplitNormalized(string text, TextBudget budget) => Split(text, _normalized, budget);

    /// <summary>The whole text in stretches; id -1 for what is no added token.</summary>
    static IEnumerable<(int Start, int End, int Id)> Split(string text, Dictionary<char, AddedToken[]> tokens, TextBudget budget)
    {
        int before = 0;
        for (int at = 0; tokens.Count > 0 && at < text.Length;)
        {
            AddedToken? token = tokens.TryGetValue(text[at], out AddedToken[]? candidates)
                ? candidates.FirstOrDefault(candidate => string.CompareOrdinal(text, at, candidate.Content, 0,
                candidate.Content.Length) == 0)
                : null;
            if (candidates is { Length: > 64 })
            {
                budget.Check();
            }

            if (token is null)
            {
                at++;
                continue;
            }

            int start = at;
            int end = at + token.Content.Length;
            at = end;
            if (token.SingleWord && (EndsWithWord(text, start) || StartsWithWord(text, end)))
            {
                continue;
            }

            while (token.LeftStrip && start > before && UnicodeTables.Has(text[start - 1], CodePointFlags.WhiteSpace))
            {
                start--;
            }

            while (token.RightStrip && end < text.Length && UnicodeTables.Has(text[end], CodePointFlags.WhiteSpace))
            {
                end++;
            }

            if (start > before)
            {
                yield return (before, start, -1);
            }

            yield return (start, end, token.Id);
            before = end;
            at = Math.Max(at, end);
        }

        if (before < text.Length)
        {
            yield return (before, text.Length, -1);
        }
    }

    static bool EndsWithWord(string text, int end) =>
        Rune.DecodeLastFromUtf16(text.AsSpan(0, end), out Rune last, out _) == System.Buffers.OperationStatus.Done
            && UnicodeTables.Has(last.Value, CodePointFlags.Word);

    static bool StartsWithWord(string text, int start) =>
        Rune.DecodeFromUtf16(text.AsSpan(start), out Rune first, out _) == System.Buffers.OperationStatus.Done
            && UnicodeTables.Has(first.Value, CodePointFlags.Word);
}
