using SkiaSharp;

namespace ImmichMl.Imaging;

/// <summary>A copy of a picture with outlines, points and labels drawn on it, as PNG. Colours tell kinds apart and mean nothing.</summary>
public sealed class Annotation : IDisposable
{
    static readonly SKColor s_line = new(0xFF, 0x2D, 0x55);
    static readonly SKColor s_point = new(0x34, 0xC7, 0x59);

    readonly SKBitmap _picture;
    readonly SKCanvas _canvas;

    // Lines and letters of a large picture must still be seen when it is shown small.
    readonly float _unit;

    // The native library brings no letters of its own.
    readonly IReadOnlyList<string> _fontFiles;

    /// <param name="bitmap">Stays the caller's.</param>
    /// <param name="fontFiles">Where letters may come from, best first. A label that none of them can write is left out.</param>
    public Annotation(Bitmap bitmap, IReadOnlyList<string> fontFiles)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        _fontFiles = fontFiles;
        _picture = new SKBitmap(new SKImageInfo(bitmap.Width, bitmap.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        CopyRows(bitmap, _picture);
        _canvas = new SKCanvas(_picture);
        _unit = Math.Max(1, Math.Max(bitmap.Width, bitmap.Height) / 700f);
    }

    /// <summary>A closed outline, with a label at its first corner.</summary>
    public void DrawOutline(ReadOnlySpan<Point2> corners, string label)
    {
        using var paint = new SKPaint { Color = s_line, StrokeWidth = 2 * _unit, Style = SKPaintStyle.Stroke, IsAntialias = true };
        for (var i = 0; i < corners.Length; i++)
        {
            var next = corners[(i + 1) % corners.Length];
            _canvas.DrawLine(corners[i].X, corners[i].Y, next.X, next.Y, paint);
        }

        if (corners.Length > 0)
        {
            DrawLabel(corners[0], label);
        }
    }

    public void DrawPoint(Point2 point, float radius)
    {
        using var paint = new SKPaint { Color = s_point, Style = SKPaintStyle.Fill, IsAntialias = true };
        _canvas.DrawCircle(point.X, point.Y, Math.Max(1, radius), paint);
    }

    /// <summary>White on the line's colour, above the point where it fits.</summary>
    void DrawLabel(Point2 at, string label)
    {
        using var font = FontFor(label);
        if (font is null)
        {
            return;
        }

        using var back = new SKPaint { Color = s_line, Style = SKPaintStyle.Fill };
        using var ink = new SKPaint { Color = SKColors.White, IsAntialias = true };
        float width = font.MeasureText(label), height = 16 * _unit;
        var left = Math.Clamp(at.X, 0, Math.Max(0, _picture.Width - width - (4 * _unit)));
        var top = at.Y - height - _unit < 0 ? Math.Max(0, at.Y + _unit) : at.Y - height - _unit;
        _canvas.DrawRect(left, top, width + (4 * _unit), height, back);
        _canvas.DrawText(label, left + (2 * _unit), top + (12.5f * _unit), SKTextAlign.Left, font, ink);
    }

    SKFont? FontFor(string label)
    {
        foreach (var path in label.Length == 0 ? [] : _fontFiles)
        {
            if (SKTypeface.FromFile(path) is { } face)
            {
                SKFont font = new(face, 13 * _unit);
                if (font.ContainsGlyphs(label))
                {
                    return font;
                }

                font.Dispose();
                face.Dispose();
            }
        }

        return null;
    }

    /// <exception cref="InvalidOperationException">The picture cannot be encoded.</exception>
    public byte[] ToPng()
    {
        _canvas.Flush();
        using var data = _picture.Encode(SKEncodedImageFormat.Png, 100) 
            ?? throw new InvalidOperationException("The picture cannot be written as PNG.");
        return data.ToArray();
    }

    internal static void CopyRows(Bitmap from, SKBitmap to)
    {
        var pixels = to.GetPixelSpan();
        for (var y = 0; y < from.Height; y++)
        {
            var source = from.Row(y);
            var target = pixels.Slice(y * to.RowBytes, from.Width * 4);
            for (int x = 0, p = 0; x < target.Length; x += 4, p += Bitmap.BytesPerPixel)
            {
                (target[x], target[x + 1], target[x + 2], target[x + 3]) = (source[p], source[p + 1], source[p + 2], byte.MaxValue);
            }
        }
    }

    public void Dispose()
    {
        _canvas.Dispose();
        _picture.Dispose();
    }
}
