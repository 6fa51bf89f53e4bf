namespace ImmichMl.Cli.Demo;

/// <summary>A picture to draw on, of one colour at first; colours are 0xRRGGBB.</summary>
sealed class Canvas
{
    readonly byte[] _rgb;

    public Canvas(int width, int height, int colour)
    {
        (Width, Height, _rgb) = (width, height, new byte[width * height * 3]);
        Fill(0, 0, width, height, colour);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Every pixel whose middle is inside; what is outside the picture is left out.</summary>
    public Canvas Ellipse(double middleX, double middleY, double halfWidth, double halfHeight, int colour)
    {
        for (var y = Math.Max(0, (int)(middleY - halfHeight)); y < Math.Min(Height, middleY + halfHeight); y++)
        {
            for (var x = Math.Max(0, (int)(middleX - halfWidth)); x < Math.Min(Width, middleX + halfWidth); x++)
            {
                var (across, down) = ((x + 0.5 - middleX) / halfWidth, (y + 0.5 - middleY) / halfHeight);
                if ((across * across) + (down * down) <= 1)
                {
                    Fill(x, y, 1, 1, colour);
                }
            }
        }

        return this;
    }

    public Canvas Fill(int left, int top, int width, int height, int colour)
    {
        for (var y = Math.Max(0, top); y < Math.Min(Height, top + height); y++)
        {
            for (var x = Math.Max(0, left); x < Math.Min(Width, left + width); x++)
            {
                var at = ((y * Width) + x) * 3;
                (_rgb[at], _rgb[at + 1], _rgb[at + 2]) = ((byte)(colour >> 16), (byte)(colour >> 8), (byte)colour);
            }
        }

        return this;
    }

    /// <summary>In DemoFont, with a column of dots between letters.</summary>
    public Canvas Text(string text, int left, int top, int dot, int colour)
    {
        for (var i = 0; i < text.Length; i++)
        {
            for (var index = 0; index < DemoFont.Width * DemoFont.Height; index++)
            {
                var (x, y) = (index % DemoFont.Width, index / DemoFont.Width);
                if (DemoFont.IsInk(text[i], x, y))
                {
                    Fill(left + (((i * (DemoFont.Width + 1)) + x) * dot), top + (y * dot), dot, dot, colour);
                }
            }
        }

        return this;
    }

    public byte[] ToPng() => DemoPicture.EncodePng(Width, Height, _rgb);

    public byte[] ToBmp() => DemoPicture.EncodeBmp(Width, Height, _rgb);
}
