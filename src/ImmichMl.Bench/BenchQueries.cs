namespace ImmichMl.Bench;

/// <summary>The queries of a load. Distinct ones, because a server may remember the latest.</summary>
public static class BenchQueries
{
    static readonly string[] s_what =
    [
        "a dog", "two children", "my grandmother", "a red car", "the old church", "a birthday cake", "boats", "a cat", "friends",
        "a bicycle", "flowers", "the whole family", "a train",
    ];

    static readonly string[] s_does =
    [
        "at the beach", "in the snow", "in the garden", "by the lake", "under a tree", "on a mountain", "in the city at night",
        "at a wedding", "in front of the house", "at sunset", "on the sofa",
    ];

    static readonly string[] s_when = ["", "last summer", "in winter", "in the morning", "on holiday", "years ago", "on a rainy day"];

    public static IReadOnlyList<string> Read(string path) =>
        File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).ToArray() is { Length: > 0 } lines
            ? lines
            : throw new FormatException($"{path} holds no query.");

    /// <summary>Numbered where the words run out.</summary>
    public static IReadOnlyList<string> Make(int count)
    {
        int all = s_what.Length * s_does.Length * s_when.Length;
        return [.. Enumerable.Range(0, count).Select(i =>
            string.Join(' ', Words(i, i >= all ? $"{i / all}" : "").Where(word => word.Length > 0)))];
    }

    static string[] Words(int i, string number) =>
        [s_what[i % s_what.Length], s_does[i % s_does.Length], s_when[i % s_when.Length], number];
}
