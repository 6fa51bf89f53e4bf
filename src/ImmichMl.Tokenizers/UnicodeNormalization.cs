namespace ImmichMl.Tokenizers;

/// <summary>NFC, NFD, NFKC and NFKD (UAX #15) with the tables of <see cref="UnicodeTables"/>.</summary>
static class UnicodeNormalization
{
    // Hangul syllables, by the formula of the Unicode standard, chapter 3.12.
    const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = 11172;

    public static string Normalize(string text, bool compose, bool compatible, TextBudget budget)
    {
        budget.Check(text.Length);
        int plain = compatible ? 0xA0 : compose ? 0x300 : 0xC0;
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', (char)(plain - 1)))
        {
            return text;
        }

        List<int> points = Decompose(text, compatible, budget);
        Order(points);
        if (compose)
        {
            Compose(points);
        }

        var result = new StringBuilder(points.Count);
        foreach (int point in points)
        {
            result.Append(new Rune(point));
        }

        return result.ToString();
    }

    static List<int> Decompose(string text, bool compatible, TextBudget budget)
    {
        var points = new List<int>(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int point = rune.Value;
            if (point < 0xA0)
            {
                points.Add(point);
            }
            else if (point is >= SBase and < SBase + SCount)
            {
                int index = point - SBase;
                points.Add(LBase + (index / (VCount * TCount)));
                points.Add(VBase + (index % (VCount * TCount) / TCount));
                if (index % TCount != 0)
                {
                    points.Add(TBase + (index % TCount));
                }
            }
            else if ((compatible && UnicodeTables.Compatible.TryGetValue(point, out int[]? to))
                || UnicodeTables.Canonical.TryGetValue(point, out to))
            {
                points.AddRange(to);
                if (points.Count > budget.Most)
                {
                    budget.Check(points.Count);
                }
            }
            else
            {
                points.Add(point);
            }
        }

        return points;
    }

    /// <summary>Stable order by combining class within each run of marks; a sort, so that a megabyte of marks stays bounded.</summary>
    static void Order(List<int> points)
    {
        for (int i = 0; i < points.Count; i++)
        {
            if (UnicodeTables.CombiningClass(points[i]) == 0)
            {
                continue;
            }

            int start = i;
            while (i < points.Count && UnicodeTables.CombiningClass(points[i]) != 0)
            {
                i++;
            }

            if (i - start > 1)
            {
                int[] ordered = [.. points.GetRange(start, i - start).OrderBy(point => UnicodeTables.CombiningClass(point))];
                for (int k = 0; k < ordered.Length; k++)
                {
                    points[start + k] = ordered[k];
                }
            }
        }
    }

    static void Compose(List<int> points)
    {
        int starter = -1;
        int last = -1;
        int to = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combining = UnicodeTables.CombiningClass(point);
            if (starter >= 0 && last < combining && TryPair(points[starter], point, out int composed))
            {
                points[starter] = composed;
                continue;
            }

            if (combining == 0)
            {
                starter = to;
                last = -1;
            }
            else
            {
                last = combining;
            }

            points[to++] = point;
        }

        points.RemoveRange(to, points.Count - to);
    }

    static bool TryPair(int first, int second, out int composed)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
        {
            composed = SBase + ((((first - LBase) * VCount) + second - VBase) * TCount);
            return true;
        }

        if (first is >= SBase and < SBase + SCount && (first - SBase) % TCount == 0 && second is > TBase and < TBase + TCount)
        {
            composed = first + second - TBase;
            return true;
        }

        return UnicodeTables.Compositions.TryGetValue((first, second), out composed);
    }
}
