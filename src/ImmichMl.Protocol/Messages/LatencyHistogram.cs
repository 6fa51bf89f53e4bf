namespace ImmichMl.Protocol.Messages;

/// <summary>How long one stage of a model's requests took.</summary>
public sealed record LatencyHistogram
{
    /// <summary>The model.</summary>
    public required ModelAddress Model { get; init; }

    /// <summary>A key of <see cref="Timings"/>, such as <c>inference</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Requests counted.</summary>
    public long Count { get; init; }

    /// <summary>Their time together, in milliseconds.</summary>
    public double SumMs { get; init; }

    /// <summary>Upper bounds of the buckets, in milliseconds, rising.</summary>
    public required double[] BucketsMs { get; init; }

    /// <summary>Requests in each bucket; one number more than <see cref="BucketsMs"/>: those over the last bound.</summary>
    public required long[] Counts { get; init; }

    // What a list is read into is an array.
    internal static readonly MapCodec<LatencyHistogram> Map =
        new MapCodec<LatencyHistogram>(new() { Model = ModelAddress.None, Stage = "", BucketsMs = [], Counts = [] })
            .AddModel(h => h.Model, (h, value) => h with { Model = value })
            .Add("stage", Codecs.Name, h => h.Stage, (h, value) => h with { Stage = value })
            .Add("count", Codecs.Count, h => h.Count, (h, value) => h with { Count = value })
            .Add("sumMs", Codecs.Number, h => h.SumMs, (h, value) => h with { SumMs = value })
            .Add("bucketsMs", Codecs.ListOf(Codecs.Number), h => h.BucketsMs, (h, value) => h with { BucketsMs = (double[])value })
            .Add("counts", Codecs.ListOf(Codecs.Count), h => h.Counts, (h, value) => h with { Counts = (long[])value });
}
