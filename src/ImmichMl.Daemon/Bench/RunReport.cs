using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Bench;

/// <summary>What one run on one target came to.</summary>
/// <param name="Target">Its socket or URL.</param>
/// <param name="Round">1 for the first of a comparison; 1 where nothing is compared.</param>
/// <param name="Seconds">That were measured.</param>
/// <param name="Endpoints">Each of the mix, and last all together.</param>
/// <param name="Moments">The whole run, second by second, ramp and warm-up included.</param>
/// <param name="IsCutShort">Somebody ended it before its time.</param>
sealed record RunReport(
    string Target, int Round, double Seconds, IReadOnlyList<EndpointReport> Endpoints, IReadOnlyList<Moment> Moments, bool IsCutShort)
{
    public EndpointReport All => Endpoints[^1];

    public double Throughput => Seconds > 0 ? All.Latency.Count / Seconds : 0;

    /// <summary>The most that was seen, in bytes; null where memory is not known.</summary>
    public long? PeakMemory => Moments.Max(moment => moment.MemoryBytes);

    /// <summary>From the first look within what was measured to the last; null where the server does not say.</summary>
    public ManagedUse? Managed
    {
        get
        {
            Moment[] known = [.. Moments.Where(moment => moment.Seconds >= 0 && moment.Runtime is not null)];
            long requests = known.Skip(1).Sum(moment => moment.Answered + moment.Errors);
            return requests == 0 ? null : new ManagedUse(
                (known[^1].Runtime!.AllocatedBytes - known[0].Runtime!.AllocatedBytes) / (double)requests,
                [.. known[^1].Runtime!.Collections.Zip(known[0].Runtime!.Collections, (last, first) => last - first)], requests);
        }
    }

    public long? LastMemory => Moments.LastOrDefault(moment => moment.MemoryBytes is not null)?.MemoryBytes;
}

/// <summary>One endpoint's figures, or those of all together.</summary>
/// <param name="Name">text, image, faces, ocr, or all.</param>
/// <param name="Latency">Of what was answered: from the start that was meant.</param>
/// <param name="Response">The same from the start that was made.</param>
/// <param name="Errors">Failed requests by code.</param>
/// <param name="Stages">Where the server says its time went; empty where it does not.</param>
/// <param name="Bars">Latency, spread out.</param>
sealed record EndpointReport(
    string Name, LatencyReport Latency, LatencyReport Response, IReadOnlyDictionary<string, long> Errors, IReadOnlyList<StageReport> Stages,
    IReadOnlyList<LatencyBar> Bars)
{
    public long ErrorCount => Errors.Values.Sum();
}

/// <summary>What the server's managed memory did.</summary>
/// <param name="BytesPerRequest">Allocated.</param>
/// <param name="Collections">By generation, the youngest first.</param>
/// <param name="Requests">Over which that was.</param>
sealed record ManagedUse(double BytesPerRequest, IReadOnlyList<long> Collections, long Requests);

sealed record StageReport(string Name, LatencyReport Time);

/// <summary>Milliseconds. Percentiles are within 0.4 %; count, mean, least and most are exact.</summary>
readonly record struct LatencyReport(long Count, double Mean, double Min, double P50, double P90, double P95, double P99, double P999, double Max)
{
    public static LatencyReport Of(LatencyCounts counts) => new(
        counts.Count, counts.Mean, counts.Min, counts.Percentile(0.5), counts.Percentile(0.9), counts.Percentile(0.95), counts.Percentile(0.99),
        counts.Percentile(0.999), counts.Max);
}

/// <summary>One second of a run.</summary>
/// <param name="Seconds">Its end, counted from the first moment that was measured: negative before.</param>
/// <param name="Length">Its own length in seconds.</param>
/// <param name="Answered">Within it, counted or not.</param>
/// <param name="Errors">Within it.</param>
/// <param name="P50">Milliseconds, of those answered within it.</param>
/// <param name="P99">The same.</param>
/// <param name="InFlight">Requests that were open at its end.</param>
/// <param name="MemoryBytes">The server's resident memory; null where it is not known.</param>
/// <param name="Runtime">The server's managed memory since its start; null where it does not say.</param>
sealed record Moment(
    double Seconds, double Length, long Answered, long Errors, double P50, double P99, int InFlight, long? MemoryBytes, RuntimeUse? Runtime)
{
    public double Throughput => Answered / Length;
}
