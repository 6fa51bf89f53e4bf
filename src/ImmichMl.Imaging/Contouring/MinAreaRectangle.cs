namespace ImmichMl.Imaging.Contouring;

/// <summary>The turned rectangle of least area around points: OpenCV 4.6's minAreaRect, in single precision. Angle in degrees.</summary>
readonly record struct MinAreaRectangle(Point2 Center, float Width, float Height, float Angle)
{
    public float ShorterSide => Math.Min(Width, Height);

    /// <param name="points">At least one.</param>
    public static MinAreaRectangle Around(ReadOnlySpan<PixelPoint> points)
    {
        ArgumentOutOfRangeException.ThrowIfZero(points.Length);
        var hull = ConvexHull.Find(points);
        var corners = new Point2[hull.Length];
        for (var i = 0; i < corners.Length; i++)
        {
            corners[i] = new(hull[i].X, hull[i].Y);
        }

        if (corners.Length > 2)
        {
            return RotatingCalipers.Run(corners);
        }

        if (corners.Length == 1)
        {
            return new(corners[0], 0, 0, 0);
        }

        double dx = corners[1].X - corners[0].X, dy = corners[1].Y - corners[0].Y;
        Point2 middle = new((corners[0].X + corners[1].X) * 0.5f, (corners[0].Y + corners[1].Y) * 0.5f);
        return new(middle, (float)Math.Sqrt((dx * dx) + (dy * dy)), 0, Degrees((float)Math.Atan2(dy, dx)));
    }

    /// <summary>OpenCV's boxPoints.</summary>
    public void GetCorners(Span<Point2> corners)
    {
        var radians = Angle * Math.PI / 180;
        float b = (float)Math.Cos(radians) * 0.5f, a = (float)Math.Sin(radians) * 0.5f;
        corners[0] = new(Center.X - (a * Height) - (b * Width), Center.Y + (b * Height) - (a * Width));
        corners[1] = new(Center.X + (a * Height) - (b * Width), Center.Y - (b * Height) - (a * Width));
        corners[2] = new((2 * Center.X) - corners[0].X, (2 * Center.Y) - corners[0].Y);
        corners[3] = new((2 * Center.X) - corners[1].X, (2 * Center.Y) - corners[1].Y);
    }

    internal static float Degrees(float radians) => (float)(radians * 180 / Math.PI);
}
