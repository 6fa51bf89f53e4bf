namespace ImmichMl.Inference;

/// <summary>What a request may ask of one task. It travels beside the model, never on it; null is the default of the task.</summary>
public sealed record TaskArguments
{
    public static readonly TaskArguments None = new();

    /// <summary>The score under which a face, a text box or a text is dropped.</summary>
    public double? MinScore { get; init; }

    /// <summary>Text detection: the shorter side to scale to, in pixels.</summary>
    public int? MaxResolution { get; init; }

    /// <summary>Text detection: what a box's score is the mean of.</summary>
    public TextScoreMode ScoreMode { get; init; } = TextScoreMode.Fast;

    /// <summary>CLIP textual: the language of the query.</summary>
    public string? Language { get; init; }
}
