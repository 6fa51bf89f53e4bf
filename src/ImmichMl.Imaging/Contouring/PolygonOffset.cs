namespace ImmichMl.Imaging.Contouring;

/// <summary>
/// Grows a convex polygon with round joins, as Clipper 6.4.2 does for a closed polygon with pyclipper's arc tolerance of a quarter.
/// Known difference: Clipper unites the outline with itself at the end, which drops points that lie on an edge and picks another
/// first point. The convex hull is the same.
/// </summary>
static class PolygonOffset
{
    const double ArcTolerance = 0.25;

    /// <summary>The grown outline; empty where fewer than three different corners follow one another.</summary>
    /// <param name="polygon">Convex, either way around.</param>
    /// <param name="distance">In pixels, over 0.</param>
    public static PixelPoint[] Grow(ReadOnlySpan<PixelPoint> polygon, double distance)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(distance);
        var corners = WithoutRepeats(polygon);
        if (corners.Count < 3)
        {
            return [];
        }

        if (DoubleArea(corners) < 0)
        {
            corners.Reverse();
        }

        var normals = new (double X, double Y)[corners.Count];
        for (var i = 0; i < normals.Length; i++)
        {
            normals[i] = Normal(corners[i], corners[(i + 1) % corners.Count]);
        }

        List<PixelPoint> outline = [];
        Arc arc = new(distance);
        var previous = normals.Length - 1;
        for (var i = 0; i < normals.Length; i++)
        {
            if (arc.Join(corners[i], normals[previous], normals[i], outline))
            {
                previous = i;
            }
        }

        return [.. outline];
    }

    static List<PixelPoint> WithoutRepeats(ReadOnlySpan<PixelPoint> polygon)
    {
        List<PixelPoint> corners = [];
        foreach (var corner in polygon)
        {
            if (corners.Count == 0 || corners[^1] != corner)
            {
                corners.Add(corner);
            }
        }

        while (corners.Count > 1 && corners[^1] == corners[0])
        {
            corners.RemoveAt(corners.Count - 1);
        }

        return corners;
    }

    static double DoubleArea(List<PixelPoint> corners)
    {
        double sum = 0;
        for (int i = 0, j = corners.Count - 1; i < corners.Count; j = i++)
        {
            sum -= ((double)corners[j].X + corners[i].X) * ((double)corners[j].Y - corners[i].Y);
        }

        return sum;
    }

    static (double X, double Y) Normal(PixelPoint from, PixelPoint to)
    {
        double dx = to.X - from.X, dy = to.Y - from.Y;
        var inverse = 1 / Math.Sqrt((dx * dx) + (dy * dy));
        return (dy * inverse, -(dx * inverse));
    }

    readonly struct Arc
    {
        readonly double _distance, _stepsPerRadian, _sine, _cosine;

        public Arc(double distance)
        {
            // Short steps for small circles: no coarser than a quarter of the radius, no finer than one a pixel of the half circle.
            var tolerance = Math.Min(ArcTolerance, distance * ArcTolerance);
            var steps = Math.Min(Math.PI / Math.Acos(1 - (tolerance / distance)), distance * Math.PI);
            (_sine, _cosine) = (Math.Sin(2 * Math.PI / steps), Math.Cos(2 * Math.PI / steps));
            _stepsPerRadian = steps / (2 * Math.PI);
            _distance = distance;
        }

        /// <summary>False where the edges are nearly in line; then the next corner is joined from the same edge.</summary>
        public bool Join(PixelPoint corner, (double X, double Y) before, (double X, double Y) after, List<PixelPoint> outline)
        {
            var sine = (before.X * after.Y) - (after.X * before.Y);
            var cosine = (before.X * after.X) + (after.Y * before.Y);
            if (Math.Abs(sine * _distance) < 1 && cosine > 0)
            {
                outline.Add(Moved(corner, before.X, before.Y));
                return false;
            }

            if (Math.Abs(sine * _distance) >= 1)
            {
                sine = Math.Clamp(sine, -1, 1);
            }

            if (sine * _distance < 0)
            {
                outline.AddRange([Moved(corner, before.X, before.Y), corner, Moved(corner, after.X, after.Y)]);
                return true;
            }

            var steps = Math.Max((int)Round(_stepsPerRadian * Math.Abs(Math.Atan2(sine, cosine))), 1);
            var (x, y) = before;
            for (var i = 0; i < steps; i++)
            {
                outline.Add(Moved(corner, x, y));
                (x, y) = ((x * _cosine) - (_sine * y), (x * _sine) + (y * _cosine));
            }

            outline.Add(Moved(corner, after.X, after.Y));
            return true;
        }

        PixelPoint Moved(PixelPoint corner, double x, double y) =>
            new((int)Round(corner.X + (x * _distance)), (int)Round(corner.Y + (y * _distance)));

        // Half away from zero.
        static long Round(double value) => value < 0 ? (long)(value - 0.5) : (long)(value + 0.5);
    }
}
