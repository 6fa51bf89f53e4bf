namespace ImmichMl.Protocol.Messages;

/// <summary>One face that was found in a picture.</summary>
/// <remarks>Pixels are the stored picture's, x to the right and y down from the top left; EXIF orientation is not applied.</remarks>
public sealed record FaceResult
{
    /// <summary>x1, y1, x2, y2 in pixels, whole numbers (rounded half to even); not clipped to the picture, so also negative.</summary>
    public required float[] BoundingBox { get; init; }

    /// <summary>The detector's score, 0 to 1, not under the request's <see cref="TaskOptions.MinScore"/>.</summary>
    public required float Score { get; init; }

    /// <summary>
    /// 10 floats, x0 y0 … x4 y4, in pixels, not rounded: left eye, right eye, nose, left and right corner of the mouth; null for a
    /// detector without landmarks.
    /// </summary>
    public float[]? Landmarks { get; init; }

    /// <summary>
    /// The recognizer's output as it stands, of any L2 norm: 512 floats with Immich's models. Compare by cosine. A string that holds a JSON
    /// array at the HTTP face. Null when only detection was asked for.
    /// </summary>
    public float[]? Embedding { get; init; }

    internal static readonly MapCodec<FaceResult> Map = new MapCodec<FaceResult>(new() { BoundingBox = [], Score = 0 })
        .Add("boundingBox", Codecs.Floats, f => f.BoundingBox, (f, value) => f with { BoundingBox = value })
        .Add("score", Codecs.Score, f => f.Score, (f, value) => f with { Score = value })
        .Maybe("landmarks", Codecs.Floats, f => f.Landmarks, (f, value) => f with { Landmarks = value })
        .Maybe("embedding", Codecs.Embedding, f => f.Embedding, (f, value) => f with { Embedding = value });
}
