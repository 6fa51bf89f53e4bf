using System.Globalization;
using System.Net;
using System.Text;

namespace ImmichMl.Bench;

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
                .Append(run.PeakMemory is { } peak ? $"; memory at most {ByteSize.Text(peak)}, at the end {ByteSize.Text(run.LastMemory ?? 0)}</p>\n" : "</p>\n");
            BeginTable(page, ReportText.Head);
            foreach (EndpointReport endpoint in run.Lines)
            {
                AppendRow(page, "td", ReportText.Cells(run, endpoint));
            }

            EndTable(page);
            if (run.All.Errors > 0)
            {
                page.Append($"<p>Errors: {Encode(run.All.ErrorText)}</p>\n");
            }
        }
    }

    static void AppendComparison(StringBuilder page, BenchResult result)
    {
        if (result.Comparisons.Length == 0)
        {
            return;
        }

        page.Append($"<h2>B over A</h2>\n<p>A {Encode(result.Runs[0].Target)}<br/>B {Encode(result.Runs[1].Target)}; measured in turn.</p>\n");
        BeginTable(page, ReportText.ComparisonHead);
        foreach (Comparison one in result.Comparisons)
        {
            AppendRow(page, "td", ReportText.Cells(one));
        }

        EndTable(page);
    }

    /// <summary>A bar for each endpoint of each run, as long as its mean time; what the server does not account for comes last.</summary>
    static void AppendStages(StringBuilder page, BenchResult result)
    {
        double longest = result.Runs.Max(run => run.Endpoints.Max(endpoint => endpoint.Stages.Length > 0 ? endpoint.Response.Mean : 0));
        if (longest == 0)
        {
            return;
        }

        string[] names = [.. ServerTiming.Stages[..^1], "elsewhere"];
        page.Append("<h2>Where the time goes</h2>\n<p>Mean, as the server says; elsewhere is what it does not account for, the way there and back among it.</p>\n");
        AppendLegend(page, names);
        for (int run = 0; run < result.Runs.Count; run++)
        {
            foreach (EndpointReport endpoint in result.Runs[run].Endpoints.AsSpan()[..^1])
            {
                AppendBar(page, $"{result.NameOf(run)} {endpoint.Name}", names, endpoint, longest);
            }
        }
    }

    static void AppendBar(StringBuilder page, string name, string[] names, EndpointReport endpoint, double longest)
    {
        if (endpoint.Stages.Length == 0)
        {
            return;
        }

        double[] parts = new double[names.Length];
        for (int i = 0; i < parts.Length - 1; i++)
        {
            parts[i] = endpoint.Stages[i].Mean;
        }

        parts[^1] = Math.Max(0, endpoint.Response.Mean - parts.Sum());
        page.Append($"<p>{Encode(name)}: {Encode(string.Join(", ", names.Select((part, i) => $"{part} {Number(parts[i])}")))} ms</p><div class=\"bar\">");
        for (int i = 0; i < parts.Length; i++)
        {
            page.Append(string.Create(CultureInfo.InvariantCulture, $"<div style=\"width:{100 * parts[i] / longest:0.##}%;background:var(--c{i})\"></div>"));
        }

        page.Append("</div>\n");
    }

    static void AppendCharts(StringBuilder page, BenchResult result)
    {
        bool two = result.Runs.Count > 1;
        for (int place = 0; place < result.Runs[0].Endpoints.Length - 1; place++)
        {
            string name = result.Runs[0].Endpoints[place].Name;
            AppendChart(page, $"Latency of {name}", two, SvgChart.Histogram($"Latency of {name}", Lines(result, run => ChartLine.Steps(run.Endpoints[place].Bars))));
        }

        AppendChart(page, "Requests a second", two, SvgChart.OverTime("Requests a second", "req/s", Lines(result, run => ChartLine.Of(run.Moments, moment => moment.Throughput))));
        ChartLine[] latency =
        [
            .. Lines(result, run => ChartLine.Of(run.Moments, moment => moment.Answered > 0 ? moment.P99 : null), "p99 "),
            .. Lines(result, run => ChartLine.Of(run.Moments, moment => moment.Answered > 0 ? moment.P50 : null), "p50 "),
        ];
        AppendChart(page, "Latency over time, p50 and p99", two, SvgChart.OverTime("Latency over time", "ms", latency));
        AppendChart(page, "Server memory", two, SvgChart.OverTime("Resident memory", "MB", Lines(result, run => ChartLine.Of(run.Moments, moment => moment.MemoryBytes / 1e6))));
    }

    /// <summary>One for each run: A and B have their colours, and p99 and later rounds are fainter.</summary>
    static ChartLine[] Lines(BenchResult result, Func<RunReport, double[]> read, string what = "")
    {
        var lines = new ChartLine[result.Runs.Count];
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = new ChartLine($"{what}{result.NameOf(i)}".Trim(), i % 2, i > 1 || what == "p99 ", read(result.Runs[i]));
        }

        return lines;
    }

    static void AppendChart(StringBuilder page, string title, bool two, string svg)
    {
        if (svg.Length > 0)
        {
            page.Append($"<h2>{Encode(title)}</h2>\n");
            AppendLegend(page, two ? ["A", "B"] : []);
            page.Append(svg).Append('\n');
        }
    }

    static void AppendLegend(StringBuilder page, string[] names) => page.Append("<p class=\"legend\">")
        .Append(string.Concat(names.Select((name, i) => $"<span><i style=\"background:var(--c{i})\"></i>{Encode(name)}</span>"))).Append("</p>\n");

    static void BeginTable(StringBuilder page, string[] head)
    {
        page.Append("<div class=\"scroll\"><table><thead>");
        AppendRow(page, "th", head);
        page.Append("</thead><tbody>\n");
    }

    static void AppendRow(StringBuilder page, string kind, string[] cells)
    {
        page.Append("<tr>");
        foreach (string cell in cells)
        {
            page.Append($"<{kind}>{Encode(cell)}</{kind}>");
        }

        page.Append("</tr>\n");
    }

    static void EndTable(StringBuilder page) => page.Append("</tbody></table></div>\n");

    static string Number(double value) => ReportText.Number(value);

    static string Encode(string text) => WebUtility.HtmlEncode(text.Trim());
}
