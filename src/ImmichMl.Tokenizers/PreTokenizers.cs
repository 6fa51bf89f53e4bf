namespace ImmichMl.Tokenizers;

/// <summary>The pre-tokenizers that tokenizer.json can name.</summary>
static class PreTokenizers
{
    static readonly char[] _byteCharacters = ByteCharacters();

    public static PreTokenizer Sequence(PreTokenizer[] steps) => (piece, budget) =>
        steps.Aggregate((IEnumerable<Piece>)[piece], (pieces, step) => pieces.SelectMany(next => step(next, budget)));

    public static PreTokenizer Split(Func<string, List<Stretch>> find, SplitBehavior behavior) => (piece, budget) =>
    {
        budget.Check(piece.Text.Length);
        List<Stretch> stretches = find(piece.Text);
        bool startsRemoved = behavior == SplitBehavior.Removed && stretches.Count > 0 && stretches[0].IsMatch;
        return Marked(Splitting.Split(piece.Text, stretches, behavior), piece.IsFirst && !startsRemoved);
    };

    public static PreTokenizer Split(CodePointFlags flags, SplitBehavior behavior) =>
        Split(text => Splitting.Fill(text, Matches(text, flags)), behavior);

    public static PreTokenizer Split(TextPattern pattern, SplitBehavior behavior, bool invert) =>
        Split(text => Splitting.Fill(text, pattern.Matches(text), invert), behavior);

    /// <summary>Words, and runs of what is neither word nor white space.</summary>
    public static PreTokenizer Whitespace { get; } = Split(text => Splitting.Fill(text, Words(text), invert: true), SplitBehavior.Removed);

    public static PreTokenizer Metaspace(string replacement, string scheme, bool split) => (piece, budget) =>
    {
        budget.Check(piece.Text.Length);
        string text = piece.Text.Replace(" ", replacement, StringComparison.Ordinal);
        if ((scheme == "always" || (scheme == "first" && piece.IsFirst)) && !text.StartsWith(replacement, StringComparison.Ordinal))
        {
            text = replacement + text;
        }

        if (!split)
        {
            return [piece with { Text = text }];
        }

        List<Stretch> stretches = Splitting.Fill(text, TextPattern.Literal(replacement).Matches(text));
        return Marked(Splitting.Split(text, stretches, SplitBehavior.MergedWithNext), piece.IsFirst);
    };

    public static PreTokenizer ByteLevel(bool addPrefixSpace, bool useRegex) => (piece, budget) =>
    {
        // A byte is a character from then on, and may be two bytes the next time.
        budget.Check(piece.Text.Length);
        string text = addPrefixSpace && !piece.Text.StartsWith(' ') ? " " + piece.Text : piece.Text;
        return useRegex
            ? Marked(Gpt2Words.Cut(text).Select(range => ToByteCharacters(text.AsSpan(range.Start..range.End))), piece.IsFirst)
            : [piece with { Text = ToByteCharacters(text) }];
    };

    static IEnumerable<Piece> Marked(IEnumerable<string> texts, bool first) =>
        texts.Select((text, index) => new Piece(text, first && index == 0));

    static IEnumerable<(int Start, int End)> Matches(string text, CodePointFlags flags)
    {
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            if (UnicodeTables.Has(rune.Value, flags))
            {
                yield return (at, end);
            }

            at = end;
        }
    }

    static IEnumerable<(int Start, int End)> Words(string text)
    {
        int at = 0;
        int start = 0;
        CodePointFlags before = CodePointFlags.WhiteSpace;
        foreach (Rune rune in text.EnumerateRunes())
        {
            CodePointFlags now = UnicodeTables.Has(rune.Value, CodePointFlags.Word) ? CodePointFlags.Word
                : UnicodeTables.Has(rune.Value, CodePointFlags.WhiteSpace) ? CodePointFlags.WhiteSpace : 0;
            if (now != before)
            {
                if (before != CodePointFlags.WhiteSpace)
                {
                    yield return (start, at);
                }

                (start, before) = (at, now);
            }

            at += rune.Utf16SequenceLength;
        }

        if (before != CodePointFlags.WhiteSpace)
        {
            yield return (start, at);
        }
    }

    static string ToByteCharacters(ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(bytes.Length, bytes, static (characters, from) =>
        {
            for (int i = 0; i < from.Length; i++)
            {
                characters[i] = _byteCharacters[from[i]];
            }
        });
    }

    /// <summary>GPT-2's alphabet: printable bytes stand for themselves, the others for what follows U+0100.</summary>
    static char[] ByteCharacters()
    {
        var characters = new char[256];
        int next = 256;
        for (int b = 0; b < 256; b++)
        {
            characters[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)next++;
        }

        return characters;
    }
}
