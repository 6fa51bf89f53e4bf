using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ImmichMl.Tokenizers;

/// <summary>
/// A pattern of tokenizer.json: a plain string, or a regular expression of Oniguruma run by .NET's engine. .NET matches UTF-16 units and
/// knows another Unicode version, so characters that it would class otherwise are replaced by stand-ins before matching.
/// </summary>
sealed class TextPattern
{
    static readonly TimeSpan _timeout = TimeSpan.FromSeconds(2);
    static readonly Lazy<char[]> _standIns = new(FindStandIns);
    readonly Func<string, List<(int Start, int End)>> _find;

    TextPattern(Func<string, List<(int Start, int End)>> find) => _find = find;

    public static TextPattern Literal(string literal) => new(text => Find(literal, text));

    /// <exception cref="ArgumentException">The expression is not understood.</exception>
    public static TextPattern Expression(string expression) =>
        KnownExpressions.Find(expression) is { } byHand ? new(byHand) : Interpreted(expression);

    /// <summary>By the engine, whether or not it is known by hand.</summary>
    internal static TextPattern Interpreted(string expression)
    {
        var regex = new Regex(OnigurumaSyntax.Translate(expression), RegexOptions.CultureInvariant | RegexOptions.Multiline, _timeout);
        return new(text => Find(regex, text));
    }

    public List<(int Start, int End)> Matches(string text) => _find(text);

    static List<(int Start, int End)> Find(string literal, string text)
    {
        var matches = new List<(int Start, int End)>();
        for (int at = 0; literal.Length > 0 && (at = text.IndexOf(literal, at, StringComparison.Ordinal)) >= 0; at += literal.Length)
        {
            matches.Add((at, at + literal.Length));
        }

        return matches;
    }

    static List<(int Start, int End)> Find(Regex regex, string text)
    {
        var matches = new List<(int Start, int End)>();
        string seen = StandIn(text, out int[]? offsets);
        long start = Stopwatch.GetTimestamp();
        foreach (ValueMatch match in regex.EnumerateMatches(seen))
        {
            // The engine's own limit begins anew with each match.
            if (Stopwatch.GetElapsedTime(start) > _timeout)
            {
                throw new RegexMatchTimeoutException(seen, regex.ToString(), _timeout);
            }

            int end = match.Index + match.Length;
            matches.Add(offsets is null ? (match.Index, end) : (offsets[match.Index], offsets[end]));
        }

        return matches;
    }

    public string Replace(string text, string content, TextBudget budget)
    {
        budget.Check(text.Length);
        List<(int Start, int End)> matches = Matches(text);
        if (matches.All(match => text.AsSpan(match.Start..match.End).SequenceEqual(content)))
        {
            return text;
        }

        budget.Check(text.Length + matches.Sum(match => (long)content.Length - (match.End - match.Start)));
        var result = new StringBuilder(text.Length);
        int before = 0;
        foreach ((int start, int end) in matches)
        {
            result.Append(text, before, start - before).Append(content);
            before = end;
        }

        return result.Append(text, before, text.Length - before).ToString();
    }

    /// <summary>The text with one unit per code point, and where each of them lies; the text itself where nothing differs.</summary>
    static string StandIn(string text, out int[]? offsets)
    {
        offsets = null;
        int first = 0;
        while (first < text.Length && (text[first] < 0x80 || (!char.IsSurrogate(text[first]) && Agrees(text[first]))))
        {
            first++;
        }

        if (first == text.Length)
        {
            return text;
        }

        var seen = new StringBuilder(text.Length);
        var where = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool asItIs = rune.IsBmp && (rune.Value < 0x80 || Agrees((char)rune.Value));
            seen.Append(asItIs ? (char)rune.Value : _standIns.Value[(int)UnicodeTables.Category(rune.Value)]);
            where.Add(at);
            at += rune.Utf16SequenceLength;
        }

        where.Add(at);
        offsets = [.. where];
        return seen.ToString();
    }

    static bool Agrees(char c) => CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeTables.Category(c);

    /// <summary>For each category a character that both sides put there, as far back in the plane as there is one.</summary>
    static char[] FindStandIns()
    {
        var standIns = new char[30];
        for (int c = 0x80; c <= char.MaxValue; c++)
        {
            if (Agrees((char)c))
            {
                standIns[(int)UnicodeTables.Category(c)] = (char)c;
            }
        }

        return standIns;
    }
}
