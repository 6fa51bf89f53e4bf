using System.Globalization;
using System.Net;
using System.Text;
using ImmichMl.Daemon.Commands;

namespace ImmichMl.Daemon.Bench;

/// <summary>The result as one HTML page that needs nothing else: tables, latency, throughput and memory.</summary>
static class ReportPage
{
    const string Style = """
        :root { color-scheme: light dark; --ink: #1c2430; --soft: #667085; --line: #d9dee7; --ground: #fff; --before: #eef1f5;
          --c0: #2563eb; --c1: #d9480f; --c2: #0f8a5f; --c3: #9333ea; --c4: #b58105; --c5: #64748b; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #2d3543; --ground: #12161d; --before: #1b212b;
          --c0: #7aa2ff; --c1: #ff9166; --c2: #4cc79a; --c3: #c79bff; --c4: #e0b64d; --c5: #94a3b8; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; } p { margin: .2rem 0; color: var(--soft); }
        .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
        svg { width: 100%; height: auto; display: block; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
        .end { text-anchor: end; } .middle { text-anchor: middle; } .grid { stroke: var(--line); } .tick { stroke: var(--soft); } .before { fill: var(--before); }
        polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .faint { opacity: .45; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); } .c4 { stroke: var(--c4); } .c5 { stroke: var(--c5); }
        .legend span { margin-right: 1.2rem; } .legend i { display: inline-block; width: .9rem; height: .2rem; vertical-align: middle; margin-right: .4rem; }
        .bar { display: flex; height: 1.1rem; border-radius: 3px; overflow: hidden; }
        """;

    public static string Write(BenchResult result)
    {
        var page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>immich-ml bench</title>\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<style>\n").Append(Style).Append("\n</style></head><body>\n<h1>")
            .Append(Encode($"{result.Workload.Mix}: {result.Load}")).Append("</h1>\n<p>")
            .Append(Encode($"{result.Started.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC, immich-ml {result.Version}; {result.Pictures}")).Append("</p>\n");
        AppendComparison(page, result);
        AppendRuns(page, result);
        AppendStages(page, result);
        AppendCharts(page, result);
        return page.Append("</body></html>\n").ToString();
    }

    static void AppendRuns(StringBuilder page, BenchResult result)
    {
        for (int i = 0; i < result.Runs.Count; i++)
        {
            RunReport run = result.Runs[i];
            page.Append($"<h2>{Encode($"{result.NameOf(i)} {run.Target}")}</h2>\n<p>{Number(run.Seconds)} s measured{(run.IsCutShort ? ", cut short" : "")}")
                .Append(run.PeakMemory is { } peak ? $"; memory at most {Output.Bytes(peak)}, at the end {Output.Bytes(run.LastMemory ?? 0)}</p>\n" : "</p>\n");
            AppendTable(page, ["endpoint", "req/s", "answered", "errors", "mean ms", "p50", "p90", "p95", "p99", "p99.9", "max"],
                run.Endpoints.Take(run.Endpoints.Count == 2 ? 1 : run.Endpoints.Count).Select(endpoint => (string[])
                [
                    endpoint.Name, Number(run.Seconds > 0 ? endpoint.Latency.Count / run.Seconds : 0), $"{endpoint.Latency.Count}", $"{endpoint.ErrorCount}",
                    Number(endpoint.Latency.Mean), Number(endpoint.Latency.P50), Number(endpoint.Latency.P90), Number(endpoint.Latency.P95),
                    Number(endpoint.Latency.P99), Number(endpoint.Latency.P999), Number(endpoint.Latency.Max),
                ]));
            if (run.All.ErrorCount > 0)
            {
                page.Append($"<p>Errors: {Encode(string.Join(", ", run.All.Errors.Select(error => $"{error.Key} {error.Value}")))}</p>\n");
            }
        }
    }

    static void AppendComparison(StringBuilder page, BenchResult result)
    {
        if (result.Comparisons.Count == 0)
        {
            return;
        }

        page.Append($"<h2>B over A</h2>\n<p>A {Encode(result.Runs[0].Target)}<br/>B {Encode(result.Runs[1].Target)}; measured in turn.</p>\n");
        AppendTable(page, ["endpoint", "figure", "A", "B", "B / A", "least", "most"], result.Comparisons.Select(one => (string[])
            [one.Endpoint, one.Figure, Number(one.A), Number(one.B), Number(one.Ratio), Number(one.Least), Number(one.Most)]));
    }

    /// <summary>A bar for each endpoint of each run, as long as its mean time; what the server does not account for comes last.</summary>
    static void AppendStages(StringBuilder page, BenchResult result)
    {
        (string Name, EndpointReport Endpoint)[] rows =
        [
            .. from run in Enumerable.Range(0, result.Runs.Count)
               from endpoint in result.Runs[run].Endpoints.SkipLast(1)
               where endpoint.Stages.Count > 0
               select ($"{result.NameOf(run)} {endpoint.Name}", endpoint),
        ];
        if (rows.Length == 0)
        {
            return;
        }

        string[] names = [.. ServerTiming.Stages.SkipLast(1), "elsewhere"];
        page.Append("<h2>Where the time goes</h2>\n<p>Mean, as the server says; elsewhere is what it does not account for, the way there and back among it.</p>\n");
        AppendLegend(page, names.Select((name, i) => (name, i)));
        double longest = rows.Max(row => row.Endpoint.Response.Mean);
        foreach ((string name, EndpointReport endpoint) in rows)
        {
            double[] parts = [.. endpoint.Stages.Where(stage => stage.Name != "total").Select(stage => stage.Time.Mean)];
            double[] all = [.. parts, Math.Max(0, endpoint.Response.Mean - parts.Sum())];
            page.Append($"<p>{Encode(name)}: {Encode(string.Join(", ", names.Zip(all, (part, mean) => $"{part} {Number(mean)}")))} ms</p><div class=\"bar\">");
            for (int i = 0; i < all.Length; i++)
            {
                page.Append(string.Create(CultureInfo.InvariantCulture, $"<div style=\"width:{100 * all[i] / longest:0.##}%;background:var(--c{i})\"></div>"));
            }

            page.Append("</div>\n");
        }
    }

    static void AppendCharts(StringBuilder page, BenchResult result)
    {
        int[] runs = [.. Enumerable.Range(0, result.Runs.Count)];
        string Named(int run, string what) => $"{result.NameOf(run)} {what}".Trim();
        int Colour(int run) => run % 2;
        IReadOnlyList<ChartLine> Lines(string what, Func<Moment, double?> read, bool faint = false) =>
        [
            .. runs.Select(run => new ChartLine(Named(run, what), Colour(run), faint || run > 1,
                [.. result.Runs[run].Moments.Where(moment => read(moment) is not null).Select(moment => (moment.Seconds, read(moment)!.Value))])),
        ];

        foreach (int place in Enumerable.Range(0, result.Runs[0].Endpoints.Count - 1))
        {
            string name = result.Runs[0].Endpoints[place].Name;
            Append("Latency of ", name, SvgChart.Histogram(
                $"Latency of {name}", [.. runs.Select(run => (Named(run, name), Colour(run), result.Runs[run].Endpoints[place].Bars))]));
        }

        Append("Requests a second", "", SvgChart.OverTime("Requests a second over time", "req/s", Lines("req/s", moment => moment.Throughput)));
        Append("Latency over time", "", SvgChart.OverTime("Latency over time", "ms",
            [.. Lines("p99", moment => moment.Answered > 0 ? moment.P99 : null, faint: true), .. Lines("p50", moment => moment.Answered > 0 ? moment.P50 : null)]));
        Append("Server memory", "", SvgChart.OverTime("Resident memory over time", "MB", Lines("resident", moment => moment.MemoryBytes / 1e6)));

        void Append(string title, string of, string svg)
        {
            if (svg.Length > 0)
            {
                page.Append($"<h2>{Encode(title + of)}</h2>\n");
                AppendLegend(page, runs.Length > 1 ? [("A", 0), ("B", 1)] : []);
                page.Append(svg).Append('\n');
            }
        }
    }

    static void AppendLegend(StringBuilder page, IEnumerable<(string Name, int Colour)> entries) => page.Append("<p class=\"legend\">")
        .Append(string.Concat(entries.Select(entry => $"<span><i style=\"background:var(--c{entry.Colour})\"></i>{Encode(entry.Name)}</span>"))).Append("</p>\n");

    static void AppendTable(StringBuilder page, IEnumerable<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        page.Append("<div class=\"scroll\"><table><thead><tr>").Append(string.Concat(head.Select(cell => $"<th>{Encode(cell)}</th>"))).Append("</tr></thead><tbody>\n");
        foreach (IEnumerable<string> row in rows)
        {
            page.Append("<tr>").Append(string.Concat(row.Select(cell => $"<td>{Encode(cell)}</td>"))).Append("</tr>\n");
        }

        page.Append("</tbody></table></div>\n");
    }

    static string Number(double value) => ReportText.Number(value);

    static string Encode(string text) => WebUtility.HtmlEncode(text.Trim());
}
