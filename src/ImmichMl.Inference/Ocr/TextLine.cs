namespace ImmichMl.Inference.Ocr;

/// <summary>One line of text.</summary>
/// <param name="Corners">In source pixels, clockwise from the top left as the text runs; they may lie outside the picture.</param>
/// <param name="BoxScore">The detector's, 0 to 1: the mean of its map inside the box.</param>
public sealed record TextLine(Quad Corners, double BoxScore)
{
    /// <summary>What it says; null before recognition.</summary>
    public string? Text { get; init; }

    /// <summary>The recognizer's, 0 to 1: the mean over the characters; null before recognition.</summary>
    public double? TextScore { get; init; }
}
