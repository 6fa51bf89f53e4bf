using System.Text;

namespace ImmichMl.Bench;

/// <summary>The result as tables for a terminal.</summary>
public static class ReportText
{
    static readonly string[] s_head = ["endpoint", "req/s", "answered", "errors", "mean ms", "p50", "p90", "p99", "p99.9", "max"];

    public static string Write(BenchResult result)
    {
        var text = new StringBuilder($"{result.Workload.Mix}: {result.Load}; {result.Pictures}\n");
        for (int i = 0; i < result.Runs.Count; i++)
        {
            RunReport run = result.Runs[i];
            string name = result.NameOf(i);
            text.Append($"\n{(name.Length > 0 ? $"{name}  " : "")}{run.Target}, {run.Seconds:0.0} s measured")
                .Append(run.IsCutShort ? ", cut short\n\n" : "\n\n").Append(Table(run)).Append('\n').Append(Details(run.All));
            if (result.Load.IsOpen)
            {
                LatencyCounts response = run.All.Response;
                text.Append($"sent late   from the start that was made: p50 {Number(response.P50)}, ")
                    .Append($"p99 {Number(response.P99)}, max {Number(response.Max)} ms\n");
            }

            if (run.LastMemory is { } memory)
            {
                text.Append($"memory      {ByteSize.Text(memory)} resident at the end, {ByteSize.Text(run.PeakMemory!.Value)} at most\n");
            }

            if (run.Managed is { } managed)
            {
                text.Append($"managed     {managed.BytesPerRequest / 1000:0.0} kB allocated per request, collections by generation ")
                    .Append($"{string.Join(", ", managed.Collections)} in {managed.Requests} requests\n");
            }
        }

        if (result.Comparisons.Length > 0)
        {
            text.Append($"\nA {result.Runs[0].Target}\nB {result.Runs[1].Target}\n\n").Append(Rows(
            [
                ["endpoint", "figure", "A", "B", "B / A", "least", "most"],
                .. result.Comparisons.Select(one => (string[])
                [
                    one.Endpoint, one.Figure, Number(one.A), Number(one.B), $"{one.Ratio:0.000}", $"{one.Least:0.000}", $"{one.Most:0.000}",
                ]),
            ]));
        }

        return text.ToString().TrimEnd();
    }

    public static string Table(RunReport run)
    {
        List<string[]> rows = [s_head];
        foreach (EndpointReport endpoint in run.Lines)
        {
            LatencyCounts latency = endpoint.Latency;
            rows.Add(
            [
                endpoint.Name, Number(run.RateOf(endpoint)), $"{latency.Count}", $"{endpoint.Errors}", Number(latency.Mean),
                Number(latency.P50), Number(latency.P90), Number(latency.P99), Number(latency.P999), Number(latency.Max),
            ]);
        }

        return Rows(rows);
    }

    public static string Details(EndpointReport all)
    {
        var text = new StringBuilder();
        if (all.Errors > 0)
        {
            text.Append($"errors      {all.ErrorText}\n");
        }

        if (all.Stages.Length > 0)
        {
            IEnumerable<string> stages = all.Stages.Select((stage, i) => $"{ServerTiming.Stages[i]} {Number(stage.Mean)}");
            text.Append($"server      {string.Join(", ", stages)} ms (mean)\n");
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
    static string Number(double value) =>
        Math.Abs(value) switch { >= 100 => $"{value:0}", >= 10 => $"{value:0.0}", >= 1 => $"{value:0.00}", _ => $"{value:0.000}" };
}
