namespace ImmichMl.Bench;

/// <summary>What is counted of one kind of request, or of all together. Not safe for use from several threads at once.</summary>
public sealed class EndpointReport(string name)
{
    readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);
    readonly LatencyCounts[] _stages = [.. ServerTiming.Stages.Select(_ => new LatencyCounts())];

    /// <summary>text, image, faces, ocr, or all.</summary>
    public string Name => name;

    /// <summary>Of what was answered: from the start that was meant.</summary>
    public LatencyCounts Latency { get; } = new();

    /// <summary>The same from the start that was made: an open loop starts late when it finds no connection free.</summary>
    public LatencyCounts Response { get; } = new();

    /// <summary>Where the server says its time went, in the order of <see cref="ServerTiming.Stages"/>; empty where it does not.</summary>
    public LatencyCounts[] Stages => _stages[0].Count == 0 ? [] : _stages;

    /// <summary>How often each code came, in alphabetical order.</summary>
    public IReadOnlyDictionary<string, long> ErrorCounts => _errors;

    public long Errors => _errors.Values.Sum();

    public string ErrorText => string.Join(", ", _errors.Select(error => $"{error.Key} {error.Value}"));

    internal void Add(double latency, double response, Timings? timings)
    {
        Latency.Add(latency);
        Response.Add(response);
        ReadOnlySpan<double> values = timings is null ? [] : ServerTiming.Values(timings);
        for (int i = 0; i < values.Length; i++)
        {
            _stages[i].Add(values[i]);
        }
    }

    internal void Fail(string code, long times = 1) => _errors[code] = _errors.GetValueOrDefault(code) + times;

    /// <summary>All together, and apart from what is counted on.</summary>
    internal static EndpointReport Sum(string name, params IEnumerable<EndpointReport> all)
    {
        var sum = new EndpointReport(name);
        foreach (EndpointReport one in all)
        {
            sum.Latency.Add(one.Latency);
            sum.Response.Add(one.Response);
            for (int i = 0; i < sum._stages.Length; i++)
            {
                sum._stages[i].Add(one._stages[i]);
            }

            foreach ((string code, long count) in one._errors)
            {
                sum.Fail(code, count);
            }
        }

        return sum;
    }
}
