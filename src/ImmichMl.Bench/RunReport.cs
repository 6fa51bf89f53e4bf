using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>What one run on one target came to.</summary>
sealed class RunReport
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
            return requests == 0 ? null : new ManagedUse(known[0].Runtime!, known[^1].Runtime!, requests);
        }
    }

    /// <summary>Each of the mix, and all together where that says more.</summary>
    public ReadOnlySpan<EndpointReport> Lines => Endpoints.AsSpan(0, Endpoints.Length == 2 ? 1 : Endpoints.Length);

    public double RateOf(EndpointReport endpoint) => Seconds > 0 ? endpoint.Latency.Count / Seconds : 0;
}

/// <summary>One endpoint's figures, or those of all together.</summary>
sealed class EndpointReport
{
    /// <summary>text, image, faces, ocr, or all.</summary>
    public required string Name { get; init; }

    /// <summary>Of what was answered: from the start that was meant.</summary>
    public required LatencyReport Latency { get; init; }

    /// <summary>The same from the start that was made.</summary>
    public required LatencyReport Response { get; init; }

    /// <summary>Codes of failed requests, in alphabetical order.</summary>
    public required string[] ErrorCodes { get; init; }

    /// <summary>How often each of <see cref="ErrorCodes"/> came.</summary>
    public required long[] ErrorCounts { get; init; }

    /// <summary>Where the server says its time went, in the order of <see cref="ServerTiming.Stages"/>; empty where it does not.</summary>
    public required LatencyReport[] Stages { get; init; }

    /// <summary>Latency, spread out.</summary>
    public required LatencyBar[] Bars { get; init; }

    public long Errors => ErrorCounts.Sum();

    public string ErrorText => string.Join(", ", ErrorCodes.Select((code, i) => $"{code} {ErrorCounts[i]}"));
}

/// <summary>Milliseconds. Percentiles are within 0.4 %; count, mean, least and most are exact.</summary>
sealed class LatencyReport(LatencyCounts counts)
{
    public long Count { get; } = counts.Count;

    public double Mean { get; } = counts.Mean;

    public double Min { get; } = counts.Min;

    public double P50 { get; } = counts.Percentile(0.5);

    public double P90 { get; } = counts.Percentile(0.9);

    public double P95 { get; } = counts.Percentile(0.95);

    public double P99 { get; } = counts.Percentile(0.99);

    public double P999 { get; } = counts.Percentile(0.999);

    public double Max { get; } = counts.Max;
}

/// <summary>What the server's managed memory did between two looks.</summary>
sealed class ManagedUse(RuntimeUse first, RuntimeUse last, long requests)
{
    /// <summary>Over which that was.</summary>
    public long Requests => requests;

    /// <summary>Allocated.</summary>
    public double BytesPerRequest => (last.AllocatedBytes - first.AllocatedBytes) / (double)requests;

    /// <summary>By generation, the youngest first.</summary>
    public long[] Collections { get; } = [.. last.Collections.Select((count, i) => count - (i < first.Collections.Count ? first.Collections[i] : 0))];
}

/// <summary>One second of a run.</summary>
sealed class Moment
{
    /// <summary>Its end, counted from the first moment that was measured: negative before.</summary>
    public double Seconds { get; init; }

    /// <summary>Its own length in seconds.</summary>
    public double Length { get; init; }

    /// <summary>Within it, counted or not.</summary>
    public long Answered { get; init; }

    public long Errors { get; init; }

    /// <summary>Milliseconds, of those answered within it.</summary>
    public double P50 { get; init; }

    /// <summary>The same.</summary>
    public double P99 { get; init; }

    /// <summary>Requests that were open at its end.</summary>
    public int InFlight { get; init; }

    /// <summary>The server's resident memory; null where it is not known.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>The server's managed memory since its start; null where it does not say.</summary>
    public RuntimeUse? Runtime { get; init; }

    public double Throughput => Answered / Length;
}
