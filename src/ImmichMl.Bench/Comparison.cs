namespace ImmichMl.Bench;

/// <summary>Two targets measured in turn (A B A B): how many times the first's figure the second's is.</summary>
/// <param name="Endpoint">Of the mix, or all.</param>
/// <param name="Figure">req/s or a percentile.</param>
/// <param name="A">Median over its rounds.</param>
/// <param name="B">Median over its rounds.</param>
/// <param name="Ratio">Median of B over A, of all pairs of runs that follow one another.</param>
/// <param name="Least">Of those pairs.</param>
/// <param name="Most">Of those pairs.</param>
public sealed record Comparison(string Endpoint, string Figure, double A, double B, double Ratio, double Least, double Most)
{
    static readonly string[] s_figures = ["req/s", "p50 ms", "p90 ms", "p99 ms"];

    /// <param name="runs">A B A B …, as they were made.</param>
    public static Comparison[] Of(IReadOnlyList<RunReport> runs) =>
    [
        .. from i in Enumerable.Range(0, runs[0].Lines.Length)
           from figure in s_figures
           select Of(runs[0].Endpoints[i].Name, figure, [.. runs.Select(run => Read(run, run.Endpoints[i], figure))]),
    ];

    static double Read(RunReport run, EndpointReport endpoint, string figure) => figure switch
    {
        "req/s" => run.RateOf(endpoint),
        "p50 ms" => endpoint.Latency.P50,
        "p90 ms" => endpoint.Latency.P90,
        _ => endpoint.Latency.P99,
    };

    /// <param name="endpoint">For the report.</param>
    /// <param name="figure">For the report.</param>
    /// <param name="values">Of A B A B ….</param>
    public static Comparison Of(string endpoint, string figure, IReadOnlyList<double> values)
    {
        List<double> ratios = [], first = [], second = [];
        for (int i = 0; i < values.Count; i++)
        {
            (i % 2 == 0 ? first : second).Add(values[i]);
            (double a, double b) = i % 2 == 1 ? (values[i - 1], values[i]) : i > 0 ? (values[i], values[i - 1]) : (0, 0);
            if (a > 0)
            {
                ratios.Add(b / a);
            }
        }

        ratios.Sort();
        return new Comparison(
            endpoint, figure, Median(first), Median(second), Median(ratios), ratios.FirstOrDefault(), ratios.LastOrDefault());
    }

    static double Median(List<double> values)
    {
        values.Sort();
        return values.Count == 0 ? 0 : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
