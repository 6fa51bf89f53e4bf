using System.Text.RegularExpressions;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>README's sizes and its memory before any model beside those of a tree: "ok …" or "not ok …" for each.</summary>
static partial class FigureCheck
{
    const double Tolerance = 0.15;

    public static async Task<int> RunAsync(ReleaseTree tree, FigurePages pages)
    {
        bool good = Compare(pages, tree.Sizes());
        good &= Compare(pages, await IdleFigures.MemoryAsync(tree));
        bool refused = false;
        try
        {
            ReleaseTree.Open(AppContext.BaseDirectory);
        }
        catch (InvalidDataException)
        {
            refused = true;
        }

        Console.WriteLine($"{(refused ? "ok" : "not ok")} a folder of a build is not measured");
        return good && refused ? 0 : 1;
    }

    static bool Compare(FigurePages pages, Row now)
    {
        string readme = pages.FigureOf(now.What) ?? "no such row";
        double[] quoted = Sizes(readme), built = Sizes(now.Figure);
        bool good = quoted.Length == built.Length
            && quoted.Zip(built).All(pair => Math.Abs(pair.First - pair.Second) <= Tolerance * pair.Second);
        string verdict = good ? "ok" : "not ok";
        string other = good ? "" : $"; README: {readme}";
        Console.WriteLine($"{verdict} README's figures '{now.What}' are those of this tree: {now.Figure}{other}");
        return good;
    }

    static double[] Sizes(string figure) =>
        [.. Numbers().Matches(figure).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"([0-9]+\.[0-9]) MB")]
    private static partial Regex Numbers();
}
