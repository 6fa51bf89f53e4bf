namespace ImmichMl.Protocol.Messages;

/// <summary>The text lines of a picture, top to bottom, then left to right; the four lists run in step.</summary>
public sealed record OcrResult
{
    const int MaxLineBytes = 64 * 1024;

    /// <summary>One text a line, as read; null when only detection was asked for.</summary>
    public IReadOnlyList<string>? Text { get; init; }

    /// <summary>
    /// 8 floats a line: x then y of the corners clockwise from the top left, x divided by the picture's width and y by its height, so
    /// 0 to 1. The HTTP face answers detection alone in pixels instead.
    /// </summary>
    public required float[] Box { get; init; }

    /// <summary>One float a line: the detector's score, 0 to 1, the mean of its map inside the box.</summary>
    public required float[] BoxScore { get; init; }

    /// <summary>One float a line: the mean score of its characters, 0 to 1; null when only detection was asked for.</summary>
    public float[]? TextScore { get; init; }

    internal static readonly MapCodec<OcrResult> Map = new MapCodec<OcrResult>(new() { Box = [], BoxScore = [] })
        .Maybe("text", Codecs.ListOf(Codecs.Text(MaxLineBytes)), o => o.Text, (o, value) => o with { Text = value })
        .Add("box", Codecs.Floats, o => o.Box, (o, value) => o with { Box = value })
        .Add("boxScore", Codecs.Floats, o => o.BoxScore, (o, value) => o with { BoxScore = value })
        .Maybe("textScore", Codecs.Floats, o => o.TextScore, (o, value) => o with { TextScore = value });
}
