using System.Text;
using ImmichMl.Daemon.Commands;

namespace ImmichMl.Daemon.Bench;

/// <summary>The result as tables for a terminal.</summary>
static class ReportText
{
    static readonly string[] s_head = ["endpoint", "req/s", "answered", "errors", "mean ms", "p50", "p90", "p99", "p99.9", "max"];

    public static string Write(BenchResult result)
    {
        var text = new StringBuilder($"{result.Workload.Mix}: {result.Load}; {result.Pictures}\n");
        for (int i = 0; i < result.Runs.Count; i++)
        {
            RunReport run = result.Runs[i];
            string name = result.NameOf(i);
            text.Append($"\n{(name.Length > 0 ? $"{name}  " : "")}{run.Target}, {run.Seconds:0.0} s measured{(run.IsCutShort ? ", cut short" : "")}\n\n")
                .Append(Table(run.Endpoints, run.Seconds)).Append('\n').Append(Details(run.All));
            if (result.Load.IsOpen)
            {
                LatencyReport response = run.All.Response;
                text.Append($"sent late   from the start that was made: p50 {Number(response.P50)}, p99 {Number(response.P99)}, max {Number(response.Max)} ms\n");
            }

            if (run.LastMemory is { } memory)
            {
                text.Append($"memory      {Output.Bytes(memory)} resident at the end, {Output.Bytes(run.PeakMemory!.Value)} at most\n");
            }

            if (run.Managed is { } managed)
            {
                text.Append($"managed     {managed.BytesPerRequest / 1000:0.0} kB allocated per request, collections by generation {string.Join(", ", managed.Collections)} in {managed.Requests} requests\n");
            }
        }

        if (result.Comparisons.Count > 0)
        {
            List<string[]> rows = [["endpoint", "figure", "A", "B", "B / A", "least", "most"]];
            rows.AddRange(result.Comparisons.Select(one => (string[])
                [one.Endpoint, one.Figure, Number(one.A), Number(one.B), $"{one.Ratio:0.000}", $"{one.Least:0.000}", $"{one.Most:0.000}"]));
            text.Append($"\nA {result.Runs[0].Target}\nB {result.Runs[1].Target}\n\n").Append(Rows(rows));
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>The line of all is left out where it would say the same again.</summary>
    public static string Table(IReadOnlyList<EndpointReport> endpoints, double seconds) => Rows(
    [
        s_head,
        .. endpoints.Take(endpoints.Count == 2 ? 1 : endpoints.Count).Select(endpoint => (string[])
        [
            endpoint.Name, Number(seconds > 0 ? endpoint.Latency.Count / seconds : 0), $"{endpoint.Latency.Count}", $"{endpoint.ErrorCount}",
            Number(endpoint.Latency.Mean), Number(endpoint.Latency.P50), Number(endpoint.Latency.P90), Number(endpoint.Latency.P99),
            Number(endpoint.Latency.P999), Number(endpoint.Latency.Max),
        ]),
    ]);

    public static string Details(EndpointReport all)
    {
        var text = new StringBuilder();
        if (all.Errors.Count > 0)
        {
            text.Append($"errors      {string.Join(", ", all.Errors.Select(error => $"{error.Key} {error.Value}"))}\n");
        }

        if (all.Stages.Count > 0)
        {
            text.Append($"server      {string.Join(", ", all.Stages.Select(stage => $"{stage.Name} {Number(stage.Time.Mean)}"))} ms (mean)\n");
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
