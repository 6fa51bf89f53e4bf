namespace ImmichMl.Tests.Support;

/// <summary>One line that TextModels can read: letters A, B and C on a yellow panel whose top left corner is given.</summary>
internal readonly record struct DrawnLine(int X, int Y, string Text, int Height = 24)
{
    /// <summary>A letter and the gap before it are as wide as this each.</summary>
    public const int Step = 16;

    public int Width => ((2 * Text.Length) + 1) * Step;
}

/// <summary>White pictures with such lines.</summary>
internal static class TextPicture
{
    public static byte[] Draw(int width, int height, params IEnumerable<DrawnLine> lines)
    {
        var rgb = new byte[width * height * 3];
        rgb.AsSpan().Fill(255);
        foreach (var line in lines)
        {
            for (var y = line.Y; y < line.Y + line.Height; y++)
            {
                for (var x = 0; x < line.Width; x++)
                {
                    var (step, isLetter) = (x / DrawnLine.Step, x / DrawnLine.Step % 2 == 1);
                    ReadOnlySpan<byte> colour = !isLetter ? [255, 255, 0] : line.Text[step / 2] switch
                    {
                        'A' => [255, 0, 0],
                        'B' => [0, 255, 0],
                        _ => [102, 102, 0],
                    };
                    colour.CopyTo(rgb.AsSpan((((y * width) + line.X + x) * 3), 3));
                }
            }
        }

        return DemoPicture.EncodeBmp(width, height, rgb);
    }
}
