namespace ImmichMl.Protocol.Messages;

/// <summary>
/// Where a request's time went, by the daemon's clock: milliseconds, 0 or more, with fractions. One stage runs at a time; a stage's
/// time is that of all the request's tasks.
/// </summary>
public sealed record Timings
{
    /// <summary>Waiting for admission, a model and a slot to run in.</summary>
    public double Queue { get; init; }

    /// <summary>Encoded image to bitmap; 0 for a text.</summary>
    public double Decode { get; init; }

    /// <summary>Bitmap or text to tensor.</summary>
    public double Preprocess { get; init; }

    /// <summary>Model runs.</summary>
    public double Inference { get; init; }

    /// <summary>Tensor to answer.</summary>
    public double Postprocess { get; init; }

    /// <summary>From the whole frame's arrival to the answer.</summary>
    public double Total { get; init; }

    internal static readonly MapCodec<Timings> Map = new MapCodec<Timings>(new())
        .Add("queue", Codecs.Number, t => t.Queue, (t, value) => t with { Queue = value })
        .Add("decode", Codecs.Number, t => t.Decode, (t, value) => t with { Decode = value })
        .Add("preprocess", Codecs.Number, t => t.Preprocess, (t, value) => t with { Preprocess = value })
        .Add("inference", Codecs.Number, t => t.Inference, (t, value) => t with { Inference = value })
        .Add("postprocess", Codecs.Number, t => t.Postprocess, (t, value) => t with { Postprocess = value })
        .Add("total", Codecs.Number, t => t.Total, (t, value) => t with { Total = value });
}
