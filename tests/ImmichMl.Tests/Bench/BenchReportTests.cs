using System.ComponentModel;
using System.Xml.Linq;

namespace ImmichMl.Tests.Bench;

/// <summary>The page and the JSON that come out, read again by readers that are not ours.</summary>
public sealed class BenchReportTests
{
    // A name goes only with a new schema number.
    static readonly string[] s_names =
    [
        "schema", "version", "started", "load", "load.mix", "load.mix.endpoint", "load.mix.weight", "load.mix.modelName", "load.loop",
        "load.users", "load.pictures", "load.distinctPictures", "load.distinctQueries", "load.rampSeconds", "load.warmUpSeconds",
        "load.durationSeconds", "runs", "runs.name", "runs.target", "runs.seconds", "runs.cutShort", "runs.requestsPerSecond",
        "runs.peakMemoryBytes", "runs.managed", "runs.managed.bytesPerRequest", "runs.managed.collections", "runs.managed.requests",
        "runs.endpoints", "runs.endpoints.endpoint", "runs.endpoints.answered", "runs.endpoints.errors",
        "runs.endpoints.errors.overloaded", "runs.endpoints.latencyMs", "runs.endpoints.responseMs", "runs.endpoints.serverMs",
        "runs.endpoints.histogram", "runs.endpoints.histogram.fromMs", "runs.endpoints.histogram.toMs", "runs.endpoints.histogram.count",
        "runs.timeline", "runs.timeline.second", "runs.timeline.requestsPerSecond", "runs.timeline.answered", "runs.timeline.errors",
        "runs.timeline.p50Ms", "runs.timeline.p99Ms", "runs.timeline.inFlight", "runs.timeline.memoryBytes", "comparison",
        "comparison.endpoint", "comparison.figure", "comparison.a", "comparison.b", "comparison.ratio", "comparison.least",
        "comparison.most",
        .. from of in (string[])["latencyMs", "responseMs", .. ServerTiming.Stages.Select(stage => $"serverMs.{stage}")]
           from name in (string[])["", ".mean", ".min", ".p50", ".p90", ".p95", ".p99", ".p999", ".max"]
           select $"runs.endpoints.{of}{name}",
    ];

    [Test]
    [Arguments(1)]
    [Arguments(4)]
    public async Task The_page_stands_alone_is_well_formed_and_keeps_its_lines_within_their_frames(int runs)
    {
        string page = ReportPage.Write(Result(runs));
        string[] foreign = [" src=", " href=", "url(", "@import", "onload", "fetch(", "://", "import "];
        string written = page.Replace("http://localhost:3003", "", StringComparison.Ordinal);
        await Assert.That(foreign.Where(word => written.Contains(word, StringComparison.OrdinalIgnoreCase))).IsEmpty();
        XElement body = await DrawAsync(page);
        XElement[] charts = [.. body.Descendants("svg")];
        await Assert.That(charts.Length).IsEqualTo(4);
        foreach (XElement chart in charts)
        {
            double[] frame = [.. chart.Attribute("viewBox")!.Value.Split(' ').Select(Number)];
            XElement[] lines = [.. chart.Descendants("polyline")];
            await Assert.That(lines.Length).IsGreaterThanOrEqualTo(runs);
            foreach (string point in lines.SelectMany(line => line.Attribute("points")!.Value.Split(' ')))
            {
                double[] at = [.. point.Split(',').Select(Number)];
                await Assert.That(at[0] >= 0 && at[0] <= frame[2] && at[1] >= 0 && at[1] <= frame[3]).IsTrue().Because(point);
            }

            await Assert.That(chart.Descendants("text").Count()).IsGreaterThan(4);
        }

        await Assert.That(body.Descendants("table").Count()).IsEqualTo(runs == 1 ? 1 : runs + 1);
        await Assert.That(body.Value).Contains("overloaded 3");
    }

    [Test]
    public async Task A_name_cannot_break_out_of_the_page()
    {
        string page = ReportPage.Write(Result(2, "/tmp/<script>alert('x')</script>&\".sock"));
        await Assert.That(page.Split("<script").Length).IsEqualTo(3);
        XElement body = await DrawAsync(page);
        XElement title = body.Descendants("h2").First(one => one.Value.Contains("alert", StringComparison.Ordinal));
        await Assert.That(title.Value).Contains("<script>");
        await Assert.That(body.Descendants("script")).IsEmpty();
    }

    [Test]
    public async Task A_run_in_which_nothing_was_answered_has_a_page_and_a_table_too()
    {
        BenchResult result = Result(
            [new RunReport { Target = "/tmp/a.sock", Endpoints = [Report("image", []), Report("all", [])], Moments = [] }]);
        await Assert.That((await DrawAsync(ReportPage.Write(result))).Value).Contains("image");
        await Assert.That(ReportText.Write(result)).Contains("image");
        using JsonDocument json = JsonDocument.Parse(ReportJson.Write(result));
        await Assert.That(json.RootElement.GetProperty("runs")[0].GetProperty("requestsPerSecond").GetDouble()).IsEqualTo(0);
    }

    [Test]
    public async Task The_names_of_the_JSON_are_those_of_its_schema()
    {
        using JsonDocument json = JsonDocument.Parse(ReportJson.Write(Result(4)));
        var names = new SortedSet<string>(StringComparer.Ordinal);
        Collect(json.RootElement, "", names);
        await Assert.That(string.Join('\n', names)).IsEqualTo(string.Join('\n', s_names.Distinct().Order(StringComparer.Ordinal)));
        await Assert.That(json.RootElement.GetProperty("schema").GetInt32()).IsEqualTo(1);
        JsonElement endpoint = json.RootElement.GetProperty("runs")[1].GetProperty("endpoints")[0];
        double longest = endpoint.GetProperty("latencyMs").GetProperty("max").GetDouble();
        await Assert.That((endpoint.GetProperty("answered").GetInt64(), longest)).IsEqualTo((500, 500.0));
        JsonElement[] bars = [.. endpoint.GetProperty("histogram").EnumerateArray()];
        await Assert.That(bars.Sum(bar => bar.GetProperty("count").GetInt64())).IsEqualTo(500);
    }

    [Test]
    public async Task Allocation_is_told_per_request_of_what_was_measured()
    {
        // Looks at 0.5 to 9.5 s: nine seconds and a million bytes each, by 41 to 49 requests.
        ManagedUse managed = Result(1).Runs[0].Managed!;
        await Assert.That((managed.Requests, managed.BytesPerRequest * managed.Requests)).IsEqualTo((9 * 45, 9_000_000.0));
        await Assert.That(string.Join(' ', managed.Collections)).IsEqualTo("9 0 0");
    }

    [Test]
    public async Task The_text_has_a_line_for_each_endpoint_and_the_ratios()
    {
        string text = ReportText.Write(Result(4));
        await Assert.That(text).Contains("B / A");
        await Assert.That(text).Contains("overloaded 3");
        await Assert.That(text.Split('\n').Count(line => line.StartsWith("image ", StringComparison.Ordinal))).IsGreaterThanOrEqualTo(4);
    }

    static void Collect(JsonElement element, string path, SortedSet<string> names)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                Collect(item, path, names);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in element.EnumerateObject())
            {
                string name = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
                names.Add(name);
                Collect(member.Value, name, names);
            }
        }
    }

    /// <summary>What the page's own script makes of its body, run by Node where there is one.</summary>
    static async Task<XElement> DrawAsync(string page)
    {
        string[] scripts = [.. page.Split("<script").Skip(1).Select(script => script.Split('>', 2)[1].Split("</script>")[0])];
        using var folder = new TempFolder();
        string json = folder.Write(Encoding.UTF8.GetBytes(scripts[0]), "report.json");
        string program = folder.Write(
            Encoding.UTF8.GetBytes($$"""
                const document = { getElementById: () => ({ textContent: require('fs').readFileSync('{{json}}', 'utf8') }), body: {} };
                {{scripts[1]}}
                console.log(document.body.innerHTML);
                """),
            "page.cjs");
        Process? started = null;
        try
        {
            started = Process.Start(new ProcessStartInfo("node", [program]) { RedirectStandardOutput = true });
        }
        catch (Win32Exception)
        {
            Skip.Test("Node, which runs the page's script, is not installed.");
        }

        using Process node = started!;
        string drawn = await node.StandardOutput.ReadToEndAsync().Within();
        return XElement.Parse($"<body>{drawn}</body>");
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static BenchResult Result(int runs, string target = "/tmp/a.sock")
    {
        double[] latencies = [.. Enumerable.Range(1, 500).Select(i => (double)i)];
        Moment[] moments = [.. Enumerable.Range(-2, 12).Select(i => new Moment
        {
            Seconds = i + 0.5, Length = 1, Answered = 40 + i, P50 = 10 + i, P99 = 90 - i, InFlight = 8,
            MemoryBytes = 500_000_000 + (i * 1_000_000),
            Runtime = new RuntimeUse(1_000_000 * i, [10 + i, 5, 1]),
        })];
        return Result([.. Enumerable.Range(0, runs).Select(i => new RunReport
        {
            Target = i % 2 == 0 ? target : "http://localhost:3003", Round = 1 + (i / 2), Seconds = 10,
            Endpoints = [Report("image", latencies), Report("all", latencies)], Moments = moments,
        })]);
    }

    static BenchResult Result(RunReport[] runs) => new()
    {
        Started = DateTimeOffset.UnixEpoch, Version = "1.2.3", Load = new Load(), Pictures = "1 picture", Runs = runs,
        Workload = new Workload(Mix.Read(["image"], new EndpointOptions()), [[1]], ["a"]),
    };

    static EndpointReport Report(string name, double[] latencies)
    {
        var report = new EndpointReport(name);
        foreach (double latency in latencies)
        {
            report.Add(latency, latency, new Timings { Inference = latency, Total = latency });
        }

        for (int i = 0; i < 3; i++)
        {
            report.Fail("overloaded");
        }

        return report;
    }
}
