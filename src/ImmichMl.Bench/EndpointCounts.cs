using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>What is counted of one kind of request. Not safe for use from several threads at once.</summary>
sealed class EndpointCounts
{
    readonly Dictionary<string, long> _errors = [];
    readonly LatencyCounts[] _stages = [.. ServerTiming.Stages.Select(_ => new LatencyCounts())];

    /// <summary>From the start that was meant to the answer.</summary>
    public LatencyCounts Latency { get; } = new();

    /// <summary>From the start that was made: an open loop starts late when it finds no connection free.</summary>
    public LatencyCounts Response { get; } = new();

    public long Errors => _errors.Values.Sum();

    public void Add(double latency, double response, Timings? timings)
    {
        Latency.Add(latency);
        Response.Add(response);
        if (timings is not null)
        {
            ReadOnlySpan<double> values = ServerTiming.Values(timings);
            for (int i = 0; i < values.Length; i++)
            {
                _stages[i].Add(values[i]);
            }
        }
    }

    public void Fail(string code) => _errors[code] = _errors.GetValueOrDefault(code) + 1;

    public static EndpointCounts Sum(IEnumerable<EndpointCounts> all)
    {
        var sum = new EndpointCounts();
        foreach (EndpointCounts counts in all)
        {
            sum.Latency.Add(counts.Latency);
            sum.Response.Add(counts.Response);
            for (int i = 0; i < sum._stages.Length; i++)
            {
                sum._stages[i].Add(counts._stages[i]);
            }

            foreach ((string code, long count) in counts._errors)
            {
                sum._errors[code] = sum._errors.GetValueOrDefault(code) + count;
            }
        }

        return sum;
    }

    public EndpointReport Report(string name)
    {
        string[] codes = [.. _errors.Keys.Order(StringComparer.Ordinal)];
        return new EndpointReport
        {
            Name = name, Latency = new LatencyReport(Latency), Response = new LatencyReport(Response), ErrorCodes = codes,
            ErrorCounts = [.. codes.Select(code => _errors[code])], Bars = Latency.Bars(48),
            Stages = _stages[0].Count == 0 ? [] : [.. _stages.Select(stage => new LatencyReport(stage))],
        };
    }
}
