namespace ImmichMl.Bench;

/// <summary>The result for programs. <c>schema</c> changes when a name goes or means something else; names may come at any time.</summary>
public static class ReportJson
{
    const int Schema = 1;

    public static string Write(BenchResult result) => JsonText.Of(
        ("schema", Schema), ("version", result.Version),
        ("started", result.Started.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)), ("load", Load(result)),
        ("runs", JsonText.List(result.Runs.Select((run, i) => Run(result.NameOf(i), run)))),
        ("comparison", JsonText.List(result.Comparisons.Select(one => JsonText.Of(
            ("endpoint", one.Endpoint), ("figure", one.Figure), ("a", one.A), ("b", one.B), ("ratio", one.Ratio), ("least", one.Least),
            ("most", one.Most)))))).ToString();

    static JsonText Load(BenchResult result)
    {
        Load load = result.Load;
        return JsonText.Of(
        [
            ("mix", JsonText.List(result.Workload.Mix.Endpoints.Select(endpoint => JsonText.Of(
                ("endpoint", endpoint.Name), ("weight", endpoint.Weight), ("modelName", endpoint.Tasks[0].ModelName))))),
            ("loop", load.IsOpen ? "open" : "closed"),
            .. load.IsOpen
                ? (IEnumerable<(string, JsonText)>)[("rate", load.Rate), ("arrivals", load.Poisson ? "poisson" : "even")]
                : [("users", load.Users)],
            ("pictures", result.Pictures), ("distinctPictures", result.Workload.Pictures), ("distinctQueries", result.Workload.Queries),
            ("rampSeconds", load.Ramp.TotalSeconds), ("warmUpSeconds", load.WarmUp.TotalSeconds),
            load.Count is { } count ? ("count", count) : ("durationSeconds", load.Duration.TotalSeconds),
        ]);
    }

    static JsonText Run(string name, RunReport run) => JsonText.Of(
        ("name", name), ("target", run.Target), ("seconds", run.Seconds), ("cutShort", run.IsCutShort),
        ("requestsPerSecond", run.Throughput), ("peakMemoryBytes", run.PeakMemory),
        ("managed", run.Managed is not { } managed ? (string?)null : JsonText.Of(
            ("bytesPerRequest", managed.BytesPerRequest), ("requests", managed.Requests),
            ("collections", JsonText.List(managed.Collections.Select(count => (JsonText)count))))),
        ("endpoints", JsonText.List(run.Endpoints.Select(Endpoint))),
        ("timeline", JsonText.List(run.Moments.Select(moment => JsonText.Of(
            ("second", moment.Seconds), ("requestsPerSecond", moment.Throughput), ("answered", moment.Answered), ("errors", moment.Errors),
            ("p50Ms", moment.P50), ("p99Ms", moment.P99), ("inFlight", moment.InFlight), ("memoryBytes", moment.MemoryBytes))))));

    static JsonText Endpoint(EndpointReport endpoint) => JsonText.Of(
        ("endpoint", endpoint.Name), ("answered", endpoint.Latency.Count),
        ("errors", JsonText.Of(endpoint.ErrorCounts.Select(error => (error.Key, (JsonText)error.Value)))),
        ("latencyMs", Latency(endpoint.Latency)), ("responseMs", Latency(endpoint.Response)),
        ("serverMs", JsonText.Of(endpoint.Stages.Select((stage, i) => (ServerTiming.Stages[i], Latency(stage))))),
        ("histogram", JsonText.List(endpoint.Latency.Bars(48).Where(bar => bar.Count > 0).Select(bar => JsonText.Of(
            ("fromMs", bar.FromMs), ("toMs", bar.ToMs), ("count", bar.Count))))));

    static JsonText Latency(LatencyCounts latency) => JsonText.Of(
        ("mean", latency.Mean), ("min", latency.Min), ("p50", latency.P50), ("p90", latency.P90), ("p95", latency.P95),
        ("p99", latency.P99), ("p999", latency.P999), ("max", latency.Max));
}
