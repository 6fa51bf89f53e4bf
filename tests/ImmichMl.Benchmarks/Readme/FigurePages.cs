using System.Text.RegularExpressions;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>README.md and RESULTS.md: what stands between the marks is written here and nowhere else.</summary>
sealed partial class FigurePages(string repository)
{
    const string QuickMark = "Quick run, not quoted";

    public string Readme => Path.Combine(repository, "README.md");

    string Results => Path.Combine(repository, "tests", "ImmichMl.Benchmarks", "RESULTS.md");

    /// <param name="summary">For the first paragraph.</param>
    /// <param name="conditions">When, of what, and on what.</param>
    /// <param name="rows">The table.</param>
    public void WriteReadme(string summary, string conditions, IEnumerable<Row> rows)
    {
        string text = File.ReadAllText(Readme);
        text = Put(text, "summary", summary);
        text = Put(text, "table", $"\n{conditions}\n\n{Table(rows)}\n");
        File.WriteAllText(Readme, text);
    }

    /// <summary>As the newest section; what quick runs left goes.</summary>
    public void WriteResults(bool quick, string title, string conditions, IEnumerable<Row> rows)
    {
        string[] parts = Headings().Split(File.ReadAllText(Results));
        string section = $"## {(quick ? QuickMark : "README's figures")}: {title}\n\n"
            + $"    {ReadmeCommand.Usage}{(quick ? " --quick" : "")}\n\n"
            + $"{conditions}\n\n{Table(rows)}\n\n";
        IEnumerable<string> older = parts.Skip(1).Where(part => !part.StartsWith($"## {QuickMark}", StringComparison.Ordinal));
        File.WriteAllText(Results, string.Concat([parts[0], section, .. older]));
    }

    /// <returns>The figure of a row of README's table; null where there is no such row.</returns>
    public string? FigureOf(string what)
    {
        string start = $"| {what} | ";
        return File.ReadLines(Readme).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
    }

    static string Put(string text, string name, string content)
    {
        (string first, string last) = ($"<!-- figures:{name} -->", "<!-- /figures -->");
        int start = text.IndexOf(first, StringComparison.Ordinal);
        int end = start < 0 ? -1 : text.IndexOf(last, start, StringComparison.Ordinal);
        return end < 0
            ? throw new InvalidDataException($"README.md has no marks '{first}' and '{last}'.")
            : $"{text[..(start + first.Length)]}{content}{text[end..]}";
    }

    static string Table(IEnumerable<Row> rows) => $"| | |\n|---|---|\n{string.Join('\n', rows)}";

    [GeneratedRegex("^(?=## )", RegexOptions.Multiline)]
    private static partial Regex Headings();
}
