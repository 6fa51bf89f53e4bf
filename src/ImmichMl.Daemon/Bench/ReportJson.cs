using System.Globalization;
using ImmichMl.Daemon.Commands;

namespace ImmichMl.Daemon.Bench;

/// <summary>The result for programs. <c>schema</c> changes when a name goes or means something else; new names may come at any time.</summary>
static class ReportJson
{
    const int Schema = 1;

    public static string Write(BenchResult result) => Output.Object(
    [
        ("schema", Output.Number(Schema)),
        ("version", Output.Text(result.Version)),
        ("started", Output.Text(result.Started.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))),
        ("load", Load(result)),
        ("runs", Output.Array(result.Runs.Select((run, i) => Run(result.NameOf(i), run)))),
        ("comparison", Output.Array(result.Comparisons.Select(one => Output.Object(
        [
            ("endpoint", Output.Text(one.Endpoint)), ("figure", Output.Text(one.Figure)), ("a", Output.Number(one.A)), ("b", Output.Number(one.B)),
            ("ratio", Output.Number(one.Ratio)), ("least", Output.Number(one.Least)), ("most", Output.Number(one.Most)),
        ])))),
    ]);

    static string Load(BenchResult result) => Output.Object(
    [
        ("mix", Output.Array(result.Workload.Mix.Endpoints.Select(endpoint => Output.Object(
        [
            ("endpoint", Output.Text(endpoint.Name)), ("weight", Output.Number(endpoint.Weight)), ("modelName", Output.Text(endpoint.Tasks[0].ModelName)),
        ])))),
        ("loop", Output.Text(result.Load.IsOpen ? "open" : "closed")),
        .. result.Load.Rate is { } rate
            ? [("rate", Output.Number(rate)), ("arrivals", Output.Text(result.Load.Poisson ? "poisson" : "even"))]
            : (IEnumerable<(string, string)>)[("users", Output.Number(result.Load.Users))],
        ("pictures", Output.Text(result.Pictures)),
        ("distinctPictures", Output.Number(result.Workload.Pictures)),
        ("distinctQueries", Output.Number(result.Workload.Queries)),
        ("rampSeconds", Output.Number(result.Load.Ramp.TotalSeconds)),
        ("warmUpSeconds", Output.Number(result.Load.WarmUp.TotalSeconds)),
        .. result.Load.Count is { } count ? [("count", Output.Number(count))] : (IEnumerable<(string, string)>)[("durationSeconds", Output.Number(result.Load.Duration.TotalSeconds))],
    ]);

    static string Run(string name, RunReport run) => Output.Object(
    [
        ("name", Output.Text(name)),
        ("target", Output.Text(run.Target)),
        ("seconds", Output.Number(run.Seconds)),
        ("cutShort", Output.Flag(run.IsCutShort)),
        ("requestsPerSecond", Output.Number(run.Throughput)),
        ("peakMemoryBytes", run.PeakMemory is { } peak ? Output.Number(peak) : "null"),
        ("managed", run.Managed is not { } managed ? "null" : Output.Object(
        [
            ("bytesPerRequest", Output.Number(managed.BytesPerRequest)), ("collections", Output.Array(managed.Collections.Select(Output.Number))),
            ("requests", Output.Number(managed.Requests)),
        ])),
        ("endpoints", Output.Array(run.Endpoints.Select(Endpoint))),
        ("timeline", Output.Array(run.Moments.Select(Second))),
    ]);

    static string Endpoint(EndpointReport endpoint) => Output.Object(
    [
        ("endpoint", Output.Text(endpoint.Name)),
        ("answered", Output.Number(endpoint.Latency.Count)),
        ("errors", Output.Object(endpoint.ErrorCodes.Select((code, i) => (code, Output.Number(endpoint.ErrorCounts[i]))))),
        ("latencyMs", Latency(endpoint.Latency)),
        ("responseMs", Latency(endpoint.Response)),
        ("serverMs", Output.Object(endpoint.Stages.Select((stage, i) => (ServerTiming.Stages[i], Latency(stage))))),
        ("histogram", Output.Array(endpoint.Bars.Where(bar => bar.Count > 0).Select(bar => Output.Object(
            [("fromMs", Output.Number(bar.FromMs)), ("toMs", Output.Number(bar.ToMs)), ("count", Output.Number(bar.Count))])))),
    ]);

    static string Latency(LatencyReport latency) => Output.Object(
    [
        ("mean", Output.Number(latency.Mean)), ("min", Output.Number(latency.Min)), ("p50", Output.Number(latency.P50)), ("p90", Output.Number(latency.P90)),
        ("p95", Output.Number(latency.P95)), ("p99", Output.Number(latency.P99)), ("p999", Output.Number(latency.P999)), ("max", Output.Number(latency.Max)),
    ]);

    static string Second(Moment moment) => Output.Object(
    [
        ("second", Output.Number(moment.Seconds)), ("requestsPerSecond", Output.Number(moment.Throughput)), ("answered", Output.Number(moment.Answered)),
        ("errors", Output.Number(moment.Errors)), ("p50Ms", Output.Number(moment.P50)), ("p99Ms", Output.Number(moment.P99)),
        ("inFlight", Output.Number(moment.InFlight)), ("memoryBytes", moment.MemoryBytes is { } memory ? Output.Number(memory) : "null"),
    ]);
}
