namespace ImmichMl.Bench;

/// <summary>All that a bench came to, and what it was asked to do.</summary>
public sealed class BenchResult
{
    public DateTimeOffset Started { get; init; }

    public required string Version { get; init; }

    public required Workload Workload { get; init; }

    public required Load Load { get; init; }

    /// <summary>In words.</summary>
    public required string Pictures { get; init; }

    /// <summary>One, or A B A B ….</summary>
    public required IReadOnlyList<RunReport> Runs { get; init; }

    /// <summary>Empty where one target was measured alone, or the second one never was.</summary>
    public Comparison[] Comparisons => Runs.Count > 1 ? Comparison.Of(Runs) : [];

    /// <summary>A or B of a comparison, with its round; nothing where one target was measured.</summary>
    public string NameOf(int run) => Runs.Count == 1 ? "" : $"{"AB"[run % 2]}{Runs[run].Round}";
}
