using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Scheduling;


namespace ImmichMl.Inference.Requests;

/// <summary>One request as the pipeline takes it.</summary>
public sealed record PredictionRequest
{
    public required IReadOnlyList<TaskRequest> Tasks { get; init; }

    /// <summary>Stays the caller's; null for a text.</summary>
    public EncodedImage? Image { get; init; }

    /// <summary>Null or empty for an image.</summary>
    public string? Text { get; init; }

    public required Lane Lane { get; init; }

    /// <summary>Who asks, as a number: peers get slots in turn.</summary>
    public long Peer { get; init; }

    /// <summary>Counted from now on; past it no model is started for the request.</summary>
    public TimeSpan? Deadline { get; init; }

    public required StageClock Clock { get; init; }
}

/// <summary>What came of it.</summary>
public sealed record Prediction
{
    /// <summary>Size of the picture in pixels; null for a text.</summary>
    public int? ImageWidth { get; init; }

    public int? ImageHeight { get; init; }

    /// <summary>The CLIP embedding as the model gave it; null when not asked for.</summary>
    public float[]? Clip { get; init; }

    /// <summary>Highest score first; null when not asked for.</summary>
    public IReadOnlyList<Face>? Faces { get; init; }

    /// <summary>In reading order; null when not asked for.</summary>
    public IReadOnlyList<TextLine>? Ocr { get; init; }
}
