using ImmichMl.Imaging;

namespace ImmichMl.Inference.Ocr;

/// <summary>One line of text: its corners in source pixels, the detector's score, and after recognition what it says.</summary>
public sealed record TextLine(Quad Corners, double BoxScore)
{
    public string? Text { get; init; }

    public double? TextScore { get; init; }
}
