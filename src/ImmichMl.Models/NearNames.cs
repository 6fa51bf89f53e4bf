namespace ImmichMl.Models;

/// <summary>Names that are a few slips of the pen away: Levenshtein's distance without regard to case and punctuation.</summary>
static class NearNames
{
    const int MaxMatches = 3;
    const int MaxLength = 128;

    public static IReadOnlyList<string> Of(string name, IEnumerable<string> known)
    {
        string wanted = Fold(name);
        if (wanted.Length is 0 or > MaxLength)
        {
            return [];
        }

        return
        [
            .. known.Select(candidate => (Name: candidate, Folded: Fold(candidate)))
                .Select(candidate => (candidate.Name, Slips: Distance(wanted, candidate.Folded)))
                .Where(candidate => candidate.Slips <= Math.Max(2, wanted.Length / 3))
                .OrderBy(candidate => candidate.Slips).ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
                .Take(MaxMatches).Select(candidate => candidate.Name),
        ];
    }

    static string Fold(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
