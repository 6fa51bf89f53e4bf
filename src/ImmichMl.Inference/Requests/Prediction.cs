using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Scheduling;


namespace ImmichMl.Inference.Requests;

/// <summary>One request as the pipeline takes it.</summary>
public sealed record PredictionRequest
{
    /// <summary>One of each kind at most; a recognition with its detection. Any order.</summary>
    public required IReadOnlyList<TaskRequest> Tasks { get; init; }

    /// <summary>Stays the caller's; null for a text.</summary>
    public EncodedImage? Image { get; init; }

    /// <summary>Null or empty for an image.</summary>
    public string? Text { get; init; }

    /// <summary>Whether a person waits for it.</summary>
    public required Lane Lane { get; init; }

    /// <summary>Who asks, as a number: peers get slots in turn.</summary>
    public long Peer { get; init; }

    /// <summary>Counted from now on; past it no model is started for the request.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Told where the request's time goes.</summary>
    public required StageClock Clock { get; init; }
}

/// <summary>What came of it. What a model gives that is not finite never gets here: it is left out, or the request fails.</summary>
public sealed record Prediction
{
    /// <summary>Width of the picture in pixels, as its header says; null for a text.</summary>
    public int? ImageWidth { get; init; }

    /// <summary>Its height.</summary>
    public int? ImageHeight { get; init; }

    /// <summary>What answered, one model for each task in the order in which they were done; not to be used any more.</summary>
    public IReadOnlyList<IDisposable> Models { get; init; } = [];

    /// <summary>
    /// The CLIP embedding: row 0 of the model's first output, as many numbers as the model has (512 to 1,152), of whatever norm it gives.
    /// Finite; zeros alone only for a text of which it knows no word. Null when not asked for.
    /// </summary>
    public float[]? Clip { get; init; }

    /// <summary>Highest score first, 1,000 at most; empty where there are none, null when not asked for.</summary>
    public IReadOnlyList<Face>? Faces { get; init; }

    /// <summary>In reading order; empty where there are none, null when not asked for.</summary>
    public IReadOnlyList<TextLine>? Ocr { get; init; }
}
