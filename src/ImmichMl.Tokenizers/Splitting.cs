namespace ImmichMl.Tokenizers;

/// <summary>What becomes of a match when a text is split at it.</summary>
enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>A stretch of a text, in UTF-16 units, that matches a pattern or lies between matches.</summary>
readonly record struct Stretch(int Start, int End, bool IsMatch);

/// <summary>Cuts a text at matches, with the rules of Hugging Face's SplitDelimiterBehavior. Empty pieces are left out.</summary>
static class Splitting
{
    public static IEnumerable<string> Split(string text, List<Stretch> stretches, SplitBehavior behavior)
    {
        List<(int Start, int End)> pieces = behavior switch
        {
            SplitBehavior.Removed => [.. stretches.Where(s => !s.IsMatch).Select(s => (s.Start, s.End))],
            SplitBehavior.Isolated => [.. stretches.Select(s => (s.Start, s.End))],
            SplitBehavior.MergedWithPrevious => MergeWithPrevious(stretches),
            SplitBehavior.MergedWithNext => MergeWithNext(stretches),
            _ => MergeAlike(stretches),
        };
        return pieces.Where(piece => piece.Start < piece.End)
            .Select(piece => piece.End - piece.Start == text.Length ? text : text[piece.Start..piece.End]);
    }

    /// <summary>Matches in order, and what lies between them; <paramref name="invert"/> swaps the two.</summary>
    public static List<Stretch> Fill(string text, IEnumerable<(int Start, int End)> matches, bool invert = false)
    {
        var stretches = new List<Stretch>();
        int before = 0;
        foreach ((int start, int end) in matches)
        {
            if (start > before)
            {
                stretches.Add(new Stretch(before, start, invert));
            }

            stretches.Add(new Stretch(start, end, !invert));
            before = end;
        }

        if (before < text.Length)
        {
            stretches.Add(new Stretch(before, text.Length, invert));
        }

        return stretches;
    }

    static List<(int Start, int End)> MergeWithPrevious(List<Stretch> stretches)
    {
        var pieces = new List<(int Start, int End)>();
        bool previous = false;
        foreach (Stretch s in stretches)
        {
            if (s.IsMatch && !previous && pieces.Count > 0)
            {
                pieces[^1] = (pieces[^1].Start, s.End);
            }
            else
            {
                pieces.Add((s.Start, s.End));
            }

            previous = s.IsMatch;
        }

        return pieces;
    }

    static List<(int Start, int End)> MergeWithNext(List<Stretch> stretches)
    {
        var pieces = new List<(int Start, int End)>();
        bool following = false;
        for (int i = stretches.Count - 1; i >= 0; i--)
        {
            Stretch s = stretches[i];
            if (s.IsMatch && !following && pieces.Count > 0)
            {
                pieces[^1] = (s.Start, pieces[^1].End);
            }
            else
            {
                pieces.Add((s.Start, s.End));
            }

            following = s.IsMatch;
        }

        pieces.Reverse();
        return pieces;
    }

    static List<(int Start, int End)> MergeAlike(List<Stretch> stretches)
    {
        var pieces = new List<(int Start, int End)>();
        bool previous = false;
        foreach (Stretch s in stretches)
        {
            if (s.IsMatch == previous && pieces.Count > 0)
            {
                pieces[^1] = (pieces[^1].Start, s.End);
            }
            else
            {
                pieces.Add((s.Start, s.End));
            }

            previous = s.IsMatch;
        }

        return pieces;
    }
}
