namespace ImmichMl.Daemon.Bench;

/// <summary>All that a bench came to, and what it was asked to do.</summary>
sealed record BenchResult(DateTimeOffset Started, string Version, Workload Workload, Load Load, string Pictures, IReadOnlyList<RunReport> Runs)
{
    /// <summary>Empty where one target was measured alone, or the second one never was.</summary>
    public IReadOnlyList<Comparison> Comparisons { get; } = Runs.Count > 1 ? Comparison.Of(Runs) : [];

    /// <summary>A or B of a comparison, with its round; nothing where one target was measured.</summary>
    public string NameOf(int run) => Runs.Count == 1 ? "" : $"{"AB"[run % 2]}{Runs[run].Round}";
}
