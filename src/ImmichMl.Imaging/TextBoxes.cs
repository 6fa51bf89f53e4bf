using ImmichMl.Imaging.Contouring;

namespace ImmichMl.Imaging;

/// <summary>What the score of a text box is the mean of.</summary>
public enum TextScoreMode
{
    /// <summary>Of the rectangle around the blob.</summary>
    Fast,

    /// <summary>Of the blob's outline and what lies inside.</summary>
    Slow,
}

/// <summary>How a box grows from the rectangle around its blob to the whole letters.</summary>
public enum TextBoxGrowth
{
    /// <summary>As a polygon with round corners, around which a rectangle is laid anew: Immich up to 2.7.</summary>
    Polygon,

    /// <summary>As a rectangle, which keeps centre and angle: Immich 3.3. <see cref="TextScoreMode"/> does not count then.</summary>
    Rectangle,
}

/// <summary>How a probability map is read. The defaults are Immich's.</summary>
/// <param name="MinScore">What a box's score must reach, 0 to 1.</param>
public readonly record struct TextBoxSettings(double MinScore)
{
    /// <summary>What a cell of the map must exceed to be text, 0 to 1.</summary>
    public float Threshold { get; init; } = 0.3f;

    /// <summary>How much a box grows: by area times this over perimeter.</summary>
    public double UnclipRatio { get; init; } = 1.6;

    /// <summary>What the score is the mean of.</summary>
    public TextScoreMode ScoreMode { get; init; } = TextScoreMode.Fast;

    /// <summary>How a box grows.</summary>
    public TextBoxGrowth Growth { get; init; } = TextBoxGrowth.Polygon;

    /// <summary>Contours past this number are not looked at.</summary>
    public int MaxCandidates { get; init; } = 1000;
}

/// <summary>A text line in pixels of the source picture: whole numbers, inside of the picture.</summary>
public readonly record struct TextBox(Quad Corners, double Score);

/// <summary>
/// Boxes around the blobs of a text detector's map, as RapidOCR's DBPostProcess finds them with OpenCV, Clipper and Shapely, in the
/// order of the contours: from the bottom of the map up. Reading order is the caller's.
/// </summary>
/// <remarks>Known difference: a corner may lie up to 2 pixels off; the tests allow that to one box in twenty.</remarks>
public static class TextBoxes
{
    const float MinSide = 3;

    /// <summary>The boxes, whole pixels inside of the source, with scores that reach the minimum.</summary>
    /// <param name="probabilities">Row by row, width times height, 0 to 1; what is no number is no text.</param>
    /// <param name="width">Of the map.</param>
    /// <param name="height">Of the map.</param>
    /// <param name="sourceWidth">Of the picture that the boxes are for.</param>
    /// <param name="sourceHeight">Of the picture that the boxes are for.</param>
    /// <param name="settings">Use the constructor; a default value finds nothing.</param>
    public static List<TextBox> Find(
        ReadOnlySpan<float> probabilities, int width, int height, int sourceWidth, int sourceHeight, in TextBoxSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNotEqual(probabilities.Length, (long)width * height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sourceWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sourceHeight);

        List<TextBox> boxes = [];
        Span<Point2> corners = stackalloc Point2[4];
        using var map = Dilation.Threshold(probabilities, width, height, settings.Threshold);
        foreach (var contour in Contours.Find(map, settings.MaxCandidates))
        {
            if (settings.Growth == TextBoxGrowth.Rectangle)
            {
                if (GrownRectangle(contour, probabilities, (width, height), (sourceWidth, sourceHeight), settings) is { } box)
                {
                    boxes.Add(box);
                }

                continue;
            }

            if (RectangleAround(contour, corners) < MinSide)
            {
                continue;
            }

            var score = settings.ScoreMode == TextScoreMode.Fast
                ? MeanUnder(corners, probabilities, width, height)
                : MeanUnder(contour, probabilities, width);
            if (!(score >= settings.MinScore) || !double.IsFinite(score))
            {
                continue;
            }

            if (TryGrow(corners, settings.UnclipRatio, out var grown)
                && RectangleAround(grown, corners) >= MinSide + 2
                && TryMapToSource(corners, (width, height), (sourceWidth, sourceHeight), out var quad))
            {
                boxes.Add(new(quad, score));
            }
        }

        return boxes;
    }

    /// <summary>Immich 3.3's box; null where it is too small or scores too low.</summary>
    static TextBox? GrownRectangle(
        ReadOnlySpan<PixelPoint> contour, ReadOnlySpan<float> map, (int Width, int Height) size, (int Width, int Height) source,
        in TextBoxSettings settings)
    {
        var rectangle = MinAreaRectangle.Around(contour);
        Span<Point2> corners = stackalloc Point2[4];
        Span<PixelPoint> whole = stackalloc PixelPoint[4];
        rectangle.GetCorners(corners);
        for (var i = 0; i < corners.Length; i++)
        {
            whole[i] = new((int)corners[i].X, (int)corners[i].Y);
        }

        double width = rectangle.Width, height = rectangle.Height;
        var score = rectangle.ShorterSide < MinSide ? double.NaN : MeanUnder(whole, map, size);
        var growth = width * height * settings.UnclipRatio / (width + height);
        if (!(score >= settings.MinScore) || !double.IsFinite(score) || !(Math.Min(width, height) + growth >= MinSide + 2))
        {
            return null;
        }

        (rectangle with { Width = (float)(width + growth), Height = (float)(height + growth) }).GetCorners(corners);
        foreach (ref var corner in corners)
        {
            var x = MathF.Round((float)(corner.X * ((double)source.Width / size.Width)));
            var y = MathF.Round((float)(corner.Y * ((double)source.Height / size.Height)));
            corner = new(Math.Clamp(x, 0, source.Width), Math.Clamp(y, 0, source.Height));
        }

        return TryOrder(corners, source, out var quad) ? new(quad, score) : null;
    }

    /// <summary>Of the cells under a polygon in pixels of the map; what lies outside of the map does not count.</summary>
    static double MeanUnder(Span<PixelPoint> polygon, ReadOnlySpan<float> map, (int Width, int Height) size)
    {
        int left = size.Width - 1, right = 0, top = size.Height - 1, bottom = 0;
        foreach (var point in polygon)
        {
            (left, right) = (Math.Clamp(point.X, 0, left), Math.Max(right, Math.Min(point.X, size.Width - 1)));
            (top, bottom) = (Math.Clamp(point.Y, 0, top), Math.Max(bottom, Math.Min(point.Y, size.Height - 1)));
        }

        foreach (ref var point in polygon)
        {
            point = new(point.X - left, point.Y - top);
        }

        return PolygonFill.Mean(map, size.Width, new(left, top, right - left + 1, bottom - top + 1), polygon);
    }

    // Corners from the top left clockwise; of two at the same height the right one counts as upper. Returns the shorter side.
    static float RectangleAround(ReadOnlySpan<PixelPoint> points, Span<Point2> corners)
    {
        var rectangle = MinAreaRectangle.Around(points);
        rectangle.GetCorners(corners);
        SortStably(corners, static point => point.X);
        var (left, right) = corners[1].Y > corners[0].Y ? (corners[0], corners[1]) : (corners[1], corners[0]);
        var (topRight, bottomRight) = corners[3].Y > corners[2].Y ? (corners[2], corners[3]) : (corners[3], corners[2]);
        (corners[0], corners[1], corners[2], corners[3]) = (left, topRight, bottomRight, right);
        return rectangle.ShorterSide;
    }

    static double MeanUnder(ReadOnlySpan<Point2> corners, ReadOnlySpan<float> map, int width, int height)
    {
        float minX = corners[0].X, maxX = minX, minY = corners[0].Y, maxY = minY;
        foreach (var corner in corners)
        {
            (minX, maxX) = (Math.Min(minX, corner.X), Math.Max(maxX, corner.X));
            (minY, maxY) = (Math.Min(minY, corner.Y), Math.Max(maxY, corner.Y));
        }

        int left = Clip(MathF.Floor(minX), width), right = Clip(MathF.Ceiling(maxX), width);
        int top = Clip(MathF.Floor(minY), height), bottom = Clip(MathF.Ceiling(maxY), height);
        Span<PixelPoint> polygon = stackalloc PixelPoint[corners.Length];
        for (var i = 0; i < polygon.Length; i++)
        {
            polygon[i] = new((int)(corners[i].X - left), (int)(corners[i].Y - top));
        }

        return PolygonFill.Mean(map, width, new(left, top, right - left + 1, bottom - top + 1), polygon);
    }

    static double MeanUnder(ReadOnlySpan<PixelPoint> contour, ReadOnlySpan<float> map, int width)
    {
        int left = int.MaxValue, right = 0, top = int.MaxValue, bottom = 0;
        foreach (var point in contour)
        {
            (left, right) = (Math.Min(left, point.X), Math.Max(right, point.X));
            (top, bottom) = (Math.Min(top, point.Y), Math.Max(bottom, point.Y));
        }

        var polygon = new PixelPoint[contour.Length];
        for (var i = 0; i < polygon.Length; i++)
        {
            polygon[i] = new(contour[i].X - left, contour[i].Y - top);
        }

        return PolygonFill.Mean(map, width, new(left, top, right - left + 1, bottom - top + 1), polygon);
    }

    static bool TryGrow(ReadOnlySpan<Point2> corners, double ratio, out PixelPoint[] grown)
    {
        double area = 0, perimeter = 0;
        Span<PixelPoint> polygon = stackalloc PixelPoint[corners.Length];
        for (int i = 0, j = corners.Length - 1; i < corners.Length; j = i++)
        {
            area += (((double)corners[j].X * corners[i].Y) - ((double)corners[i].X * corners[j].Y)) / 2;
            perimeter += Math.Sqrt(Square((double)corners[i].X - corners[j].X) + Square((double)corners[i].Y - corners[j].Y));
            polygon[i] = new((int)corners[i].X, (int)corners[i].Y);
        }

        var distance = Math.Abs(area) * ratio / perimeter;
        grown = distance > 0 && double.IsFinite(distance) ? PolygonOffset.Grow(polygon, distance) : [];
        return grown.Length > 0;
    }

    static bool TryMapToSource(Span<Point2> corners, (int Width, int Height) map, (int Width, int Height) source, out Quad quad)
    {
        for (var i = 0; i < corners.Length; i++)
        {
            corners[i] = new(Scale(corners[i].X, map.Width, source.Width), Scale(corners[i].Y, map.Height, source.Height));
        }

        return TryOrder(corners, source, out quad);
    }

    /// <summary>False where the upper or the left side is too short.</summary>
    static bool TryOrder(Span<Point2> corners, (int Width, int Height) source, out Quad quad)
    {
        SortCorners(corners);
        foreach (ref var corner in corners)
        {
            corner = new(Math.Min(corner.X, source.Width - 1), Math.Min(corner.Y, source.Height - 1));
        }

        quad = new(corners[0], corners[1], corners[2], corners[3]);
        return (int)Distance(quad.TopLeft, quad.TopRight) > MinSide && (int)Distance(quad.TopLeft, quad.BottomLeft) > MinSide;
    }

    /// <summary>Clockwise from the top left: the two leftmost by y and the two rightmost by y; equal ones keep their order.</summary>
    internal static void SortCorners(Span<Point2> corners)
    {
        SortStably(corners, static point => point.X);
        SortStably(corners[..2], static point => point.Y);
        SortStably(corners[2..], static point => point.Y);
        (corners[1], corners[2], corners[3]) = (corners[2], corners[3], corners[1]);
    }

    // Each step in single precision, half to even.
    static float Scale(float value, int map, int source) => Math.Clamp(MathF.Round(value / map * source), 0, source);

    static float Distance(Point2 a, Point2 b) => MathF.Sqrt(((a.X - b.X) * (a.X - b.X)) + ((a.Y - b.Y) * (a.Y - b.Y)));

    static double Square(double value) => value * value;

    static int Clip(float value, int side) => (int)Math.Clamp(value, 0, side - 1);

    static void SortStably(Span<Point2> points, Func<Point2, float> key)
    {
        for (var i = 1; i < points.Length; i++)
        {
            for (var j = i; j > 0 && key(points[j - 1]) > key(points[j]); j--)
            {
                (points[j - 1], points[j]) = (points[j], points[j - 1]);
            }
        }
    }
}
