using System.Globalization;
using ImmichMl.Client;

namespace ImmichMl.Bench;

/// <summary>The result for programs. <c>schema</c> changes when a name goes or means something else; new names may come at any time.</summary>
static class ReportJson
{
    const int Schema = 1;

    public static string Write(BenchResult result) => JsonText.Object(
    [
        ("schema", JsonText.Number(Schema)),
        ("version", JsonText.Text(result.Version)),
        ("started", JsonText.Text(result.Started.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))),
        ("load", Load(result)),
        ("runs", JsonText.Array(result.Runs.Select((run, i) => Run(result.NameOf(i), run)))),
        ("comparison", JsonText.Array(result.Comparisons.Select(one => JsonText.Object(
        [
            ("endpoint", JsonText.Text(one.Endpoint)), ("figure", JsonText.Text(one.Figure)), ("a", JsonText.Number(one.A)), ("b", JsonText.Number(one.B)),
            ("ratio", JsonText.Number(one.Ratio)), ("least", JsonText.Number(one.Least)), ("most", JsonText.Number(one.Most)),
        ])))),
    ]);

    static string Load(BenchResult result) => JsonText.Object(
    [
        ("mix", JsonText.Array(result.Workload.Mix.Endpoints.Select(endpoint => JsonText.Object(
        [
            ("endpoint", JsonText.Text(endpoint.Name)), ("weight", JsonText.Number(endpoint.Weight)), ("modelName", JsonText.Text(endpoint.Tasks[0].ModelName)),
        ])))),
        ("loop", JsonText.Text(result.Load.IsOpen ? "open" : "closed")),
        .. result.Load.Rate is { } rate
            ? [("rate", JsonText.Number(rate)), ("arrivals", JsonText.Text(result.Load.Poisson ? "poisson" : "even"))]
            : (IEnumerable<(string, string)>)[("users", JsonText.Number(result.Load.Users))],
        ("pictures", JsonText.Text(result.Pictures)),
        ("distinctPictures", JsonText.Number(result.Workload.Pictures)),
        ("distinctQueries", JsonText.Number(result.Workload.Queries)),
        ("rampSeconds", JsonText.Number(result.Load.Ramp.TotalSeconds)),
        ("warmUpSeconds", JsonText.Number(result.Load.WarmUp.TotalSeconds)),
        .. result.Load.Count is { } count ? [("count", JsonText.Number(count))] : (IEnumerable<(string, string)>)[("durationSeconds", JsonText.Number(result.Load.Duration.TotalSeconds))],
    ]);

    static string Run(string name, RunReport run) => JsonText.Object(
    [
        ("name", JsonText.Text(name)),
        ("target", JsonText.Text(run.Target)),
        ("seconds", JsonText.Number(run.Seconds)),
        ("cutShort", JsonText.Flag(run.IsCutShort)),
        ("requestsPerSecond", JsonText.Number(run.Throughput)),
        ("peakMemoryBytes", run.PeakMemory is { } peak ? JsonText.Number(peak) : "null"),
        ("managed", run.Managed is not { } managed ? "null" : JsonText.Object(
        [
            ("bytesPerRequest", JsonText.Number(managed.BytesPerRequest)), ("collections", JsonText.Array(managed.Collections.Select(JsonText.Number))),
            ("requests", JsonText.Number(managed.Requests)),
        ])),
        ("endpoints", JsonText.Array(run.Endpoints.Select(Endpoint))),
        ("timeline", JsonText.Array(run.Moments.Select(Second))),
    ]);

    static string Endpoint(EndpointReport endpoint) => JsonText.Object(
    [
        ("endpoint", JsonText.Text(endpoint.Name)),
        ("answered", JsonText.Number(endpoint.Latency.Count)),
        ("errors", JsonText.Object(endpoint.ErrorCodes.Select((code, i) => (code, JsonText.Number(endpoint.ErrorCounts[i]))))),
        ("latencyMs", Latency(endpoint.Latency)),
        ("responseMs", Latency(endpoint.Response)),
        ("serverMs", JsonText.Object(endpoint.Stages.Select((stage, i) => (ServerTiming.Stages[i], Latency(stage))))),
        ("histogram", JsonText.Array(endpoint.Bars.Where(bar => bar.Count > 0).Select(bar => JsonText.Object(
            [("fromMs", JsonText.Number(bar.FromMs)), ("toMs", JsonText.Number(bar.ToMs)), ("count", JsonText.Number(bar.Count))])))),
    ]);

    static string Latency(LatencyReport latency) => JsonText.Object(
    [
        ("mean", JsonText.Number(latency.Mean)), ("min", JsonText.Number(latency.Min)), ("p50", JsonText.Number(latency.P50)), ("p90", JsonText.Number(latency.P90)),
        ("p95", JsonText.Number(latency.P95)), ("p99", JsonText.Number(latency.P99)), ("p999", JsonText.Number(latency.P999)), ("max", JsonText.Number(latency.Max)),
    ]);

    static string Second(Moment moment) => JsonText.Object(
    [
        ("second", JsonText.Number(moment.Seconds)), ("requestsPerSecond", JsonText.Number(moment.Throughput)), ("answered", JsonText.Number(moment.Answered)),
        ("errors", JsonText.Number(moment.Errors)), ("p50Ms", JsonText.Number(moment.P50)), ("p99Ms", JsonText.Number(moment.P99)),
        ("inFlight", JsonText.Number(moment.InFlight)), ("memoryBytes", moment.MemoryBytes is { } memory ? JsonText.Number(memory) : "null"),
    ]);
}
