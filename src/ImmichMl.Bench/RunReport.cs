namespace ImmichMl.Bench;

/// <summary>What one run on one target came to.</summary>
public sealed class RunReport
{
    /// <summary>Its socket or URL.</summary>
    public required string Target { get; init; }

    /// <summary>1 for the first of a comparison; 0 where nothing is compared.</summary>
    public int Round { get; init; }

    /// <summary>That were measured.</summary>
    public double Seconds { get; init; }

    /// <summary>Each of the mix, and last all together.</summary>
    public required EndpointReport[] Endpoints { get; init; }

    /// <summary>The whole run, second by second, ramp and warm-up included.</summary>
    public required IReadOnlyList<Moment> Moments { get; init; }

    /// <summary>Somebody ended it before its time.</summary>
    public bool IsCutShort { get; init; }

    public EndpointReport All => Endpoints[^1];

    public double Throughput => RateOf(All);

    /// <summary>The most that was seen, in bytes; null where memory is not known.</summary>
    public long? PeakMemory => Moments.Max(moment => moment.MemoryBytes);

    public long? LastMemory => Moments.LastOrDefault(moment => moment.MemoryBytes is not null)?.MemoryBytes;

    /// <summary>From the first look within what was measured to the last; null where the server does not say.</summary>
    public ManagedUse? Managed
    {
        get
        {
            Moment[] known = [.. Moments.Where(moment => moment.Seconds >= 0 && moment.Runtime is not null)];
            long requests = known.Skip(1).Sum(moment => moment.Answered + moment.Errors);
            return requests == 0 ? null : ManagedUse.Between(known[0].Runtime!, known[^1].Runtime!, requests);
        }
    }

    /// <summary>Each of the mix, and all together where that says more.</summary>
    public ReadOnlySpan<EndpointReport> Lines => Endpoints.AsSpan(0, Endpoints.Length == 2 ? 1 : Endpoints.Length);

    public double RateOf(EndpointReport endpoint) => Seconds > 0 ? endpoint.Latency.Count / Seconds : 0;
}

/// <summary>What the server's managed memory did during so many requests; collections by generation, the youngest first.</summary>
public sealed record ManagedUse(double BytesPerRequest, long[] Collections, long Requests)
{
    public static ManagedUse Between(RuntimeUse first, RuntimeUse last, long requests) => new(
        (last.AllocatedBytes - first.AllocatedBytes) / (double)requests,
        [.. last.Collections.Select((count, i) => count - (i < first.Collections.Count ? first.Collections[i] : 0))], requests);
}

/// <summary>One second of a run; requests are those within it, counted or not, and percentiles milliseconds of those.</summary>
public sealed class Moment
{
    /// <summary>Its end, from the first moment that was measured: negative before.</summary>
    public double Seconds { get; init; }

    /// <summary>Its own length in seconds.</summary>
    public double Length { get; init; }

    public long Answered { get; init; }

    public long Errors { get; init; }

    public double P50 { get; init; }

    public double P99 { get; init; }

    /// <summary>Requests that were open at its end.</summary>
    public int InFlight { get; init; }

    /// <summary>The server's resident memory; null where it is not known.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The server's managed memory since its start; null where it does not say.</summary>
    public RuntimeUse? Runtime { get; init; }

    public double Throughput => Answered / Length;
}
