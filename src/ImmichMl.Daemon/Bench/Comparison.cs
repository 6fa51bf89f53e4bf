namespace ImmichMl.Daemon.Bench;

/// <summary>Two targets measured in turn (A B A B): how many times the first's figure the second's is.</summary>
/// <param name="Endpoint">Of the mix, or all.</param>
/// <param name="Figure">req/s or a percentile.</param>
/// <param name="A">Median over its rounds.</param>
/// <param name="B">Median over its rounds.</param>
/// <param name="Ratio">Median of B over A, of all pairs of runs that follow one another.</param>
/// <param name="Least">Of those pairs.</param>
/// <param name="Most">Of those pairs.</param>
sealed record Comparison(string Endpoint, string Figure, double A, double B, double Ratio, double Least, double Most)
{
    static readonly (string Name, Func<RunReport, EndpointReport, double> Read)[] s_figures =
    [
        ("req/s", (run, endpoint) => run.Seconds > 0 ? endpoint.Latency.Count / run.Seconds : 0),
        ("p50 ms", (_, endpoint) => endpoint.Latency.P50),
        ("p90 ms", (_, endpoint) => endpoint.Latency.P90),
        ("p99 ms", (_, endpoint) => endpoint.Latency.P99),
    ];

    /// <param name="runs">A B A B …, as they were made.</param>
    public static IReadOnlyList<Comparison> Of(IReadOnlyList<RunReport> runs) =>
    [
        .. from place in Enumerable.Range(0, runs[0].Endpoints.Count)
           where runs[0].Endpoints.Count > 2 || place == runs[0].Endpoints.Count - 1
           from figure in s_figures
           select Of(runs[0].Endpoints[place].Name, figure.Name, [.. runs.Select(run => figure.Read(run, run.Endpoints[place]))]),
    ];

    /// <param name="endpoint">For the report.</param>
    /// <param name="figure">For the report.</param>
    /// <param name="values">Of A B A B ….</param>
    public static Comparison Of(string endpoint, string figure, IReadOnlyList<double> values)
    {
        double[] ratios =
        [
            .. from second in Enumerable.Range(1, values.Count - 1)
               let pair = second % 2 == 1 ? (A: values[second - 1], B: values[second]) : (A: values[second], B: values[second - 1])
               where pair.A > 0
               select pair.B / pair.A,
        ];
        return new Comparison(
            endpoint, figure, Median([.. values.Where((_, i) => i % 2 == 0)]), Median([.. values.Where((_, i) => i % 2 == 1)]), Median(ratios),
            ratios.DefaultIfEmpty(0).Min(), ratios.DefaultIfEmpty(0).Max());
    }

    static double Median(double[] values)
    {
        if (values.Length == 0)
        {
            return 0;
        }

        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
