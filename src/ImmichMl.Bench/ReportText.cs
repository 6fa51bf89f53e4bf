using System.Text;

namespace ImmichMl.Bench;

/// <summary>The result as tables for a terminal.</summary>
static class ReportText
{
    public static string[] Head { get; } = ["endpoint", "req/s", "answered", "errors", "mean ms", "p50", "p90", "p99", "p99.9", "max"];

    public static string[] ComparisonHead { get; } = ["endpoint", "figure", "A", "B", "B / A", "least", "most"];

    public static string[] Cells(Comparison one) =>
        [one.Endpoint, one.Figure, Number(one.A), Number(one.B), $"{one.Ratio:0.000}", $"{one.Least:0.000}", $"{one.Most:0.000}"];

    public static string Write(BenchResult result)
    {
        var text = new StringBuilder($"{result.Workload.Mix}: {result.Load}; {result.Pictures}\n");
        for (int i = 0; i < result.Runs.Count; i++)
        {
            RunReport run = result.Runs[i];
            string name = result.NameOf(i);
            text.Append($"\n{(name.Length > 0 ? $"{name}  " : "")}{run.Target}, {run.Seconds:0.0} s measured{(run.IsCutShort ? ", cut short" : "")}\n\n")
                .Append(Table(run)).Append('\n').Append(Details(run.All));
            if (result.Load.IsOpen)
            {
                LatencyReport response = run.All.Response;
                text.Append($"sent late   from the start that was made: p50 {Number(response.P50)}, p99 {Number(response.P99)}, max {Number(response.Max)} ms\n");
            }

            if (run.LastMemory is { } memory)
            {
                text.Append($"memory      {ByteSize.Text(memory)} resident at the end, {ByteSize.Text(run.PeakMemory!.Value)} at most\n");
            }

            if (run.Managed is { } managed)
            {
                text.Append($"managed     {managed.BytesPerRequest / 1000:0.0} kB allocated per request, collections by generation {string.Join(", ", managed.Collections)} in {managed.Requests} requests\n");
            }
        }

        if (result.Comparisons.Length > 0)
        {
            List<string[]> rows = [ComparisonHead, .. result.Comparisons.Select(Cells)];
            text.Append($"\nA {result.Runs[0].Target}\nB {result.Runs[1].Target}\n\n").Append(Rows(rows));
        }

        return text.ToString().TrimEnd();
    }

    public static string Table(RunReport run)
    {
        List<string[]> rows = [Head];
        foreach (EndpointReport endpoint in run.Lines)
        {
            rows.Add(Cells(run, endpoint));
        }

        return Rows(rows);
    }

    /// <summary>Below <see cref="Head"/>.</summary>
    public static string[] Cells(RunReport run, EndpointReport endpoint) =>
    [
        endpoint.Name, Number(run.RateOf(endpoint)), $"{endpoint.Latency.Count}", $"{endpoint.Errors}", Number(endpoint.Latency.Mean), Number(endpoint.Latency.P50),
        Number(endpoint.Latency.P90), Number(endpoint.Latency.P99), Number(endpoint.Latency.P999), Number(endpoint.Latency.Max),
    ];

    public static string Details(EndpointReport all)
    {
        var text = new StringBuilder();
        if (all.ErrorCodes.Length > 0)
        {
            text.Append($"errors      {all.ErrorText}\n");
        }

        if (all.Stages.Length > 0)
        {
            text.Append($"server      {string.Join(", ", all.Stages.Select((stage, i) => $"{ServerTiming.Stages[i]} {Number(stage.Mean)}"))} ms (mean)\n");
        }

        return text.ToString();
    }

    static string Rows(List<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        return string.Concat(rows.Select(row =>
            $"{string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column])))}\n"));
    }

    /// <summary>Three digits that count.</summary>
    public static string Number(double value) => Math.Abs(value) switch { >= 100 => $"{value:0}", >= 10 => $"{value:0.0}", >= 1 => $"{value:0.00}", _ => $"{value:0.000}" };
}
