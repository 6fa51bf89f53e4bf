namespace ImmichMl.Protocol.Messages;

/// <summary>One face.</summary>
public sealed record FaceResult
{
    /// <summary>x1, y1, x2, y2 in source pixels, rounded; they may lie outside the picture.</summary>
    public required float[] BoundingBox { get; init; }

    /// <summary>The detector's score, 0 to 1.</summary>
    public required float Score { get; init; }

    /// <summary>x0 y0 … x4 y4 in source pixels: left eye, right eye, nose, left and right corner of the mouth; null for a model without landmarks.</summary>
    public float[]? Landmarks { get; init; }

    /// <summary>The recognizer's embedding (not normalized); null when only detection was asked for.</summary>
    public float[]? Embedding { get; init; }

    internal static readonly MapCodec<FaceResult> Map = new MapCodec<FaceResult>(new() { BoundingBox = [], Score = 0 })
        .Add("boundingBox", Codecs.Floats, f => f.BoundingBox, (f, value) => f with { BoundingBox = value })
        .Add("score", Codecs.Score, f => f.Score, (f, value) => f with { Score = value })
        .Maybe("landmarks", Codecs.Floats, f => f.Landmarks, (f, value) => f with { Landmarks = value })
        .Maybe("embedding", Codecs.Embedding, f => f.Embedding, (f, value) => f with { Embedding = value });
}
