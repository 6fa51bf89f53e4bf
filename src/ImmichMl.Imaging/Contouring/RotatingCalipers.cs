namespace ImmichMl.Imaging.Contouring;

/// <summary>
/// Turns a frame of four sides around a convex hull, always on by the smallest angle, and keeps the smallest frame that has an edge
/// of the hull on it. Of two equal ones the later counts, as in OpenCV; so does every rounding to single precision.
/// </summary>
static class RotatingCalipers
{
    public static MinAreaRectangle Run(ReadOnlySpan<Point2> hull)
    {
        var count = hull.Length;
        var edges = new Point2[count];
        var inverseLengths = new float[count];
        Span<int> at = [0, 0, 0, 0];
        for (var i = 0; i < count; i++)
        {
            var here = hull[i];
            at[0] = here.Y < hull[at[0]].Y ? i : at[0];
            at[1] = here.X > hull[at[1]].X ? i : at[1];
            at[2] = here.Y > hull[at[2]].Y ? i : at[2];
            at[3] = here.X < hull[at[3]].X ? i : at[3];
            var next = hull[i + 1 < count ? i + 1 : 0];
            double dx = next.X - here.X, dy = next.Y - here.Y;
            edges[i] = new((float)dx, (float)dy);
            inverseLengths[i] = (float)(1 / Math.Sqrt((dx * dx) + (dy * dy)));
        }

        var least = float.MaxValue;
        int leftAt = 0, bottomAt = 0;
        float a = 0, b = 0, width = 0, height = 0;
        for (var k = 0; k < count; k++)
        {
            var main = NextSide(edges, at);
            var edge = edges[at[main]];
            float x = edge.X * inverseLengths[at[main]], y = edge.Y * inverseLengths[at[main]];
            var (baseA, baseB) = main switch { 0 => (x, y), 1 => (y, -x), 2 => (-x, -y), _ => (-y, x) };
            at[main] = at[main] + 1 == count ? 0 : at[main] + 1;

            Point2 across = new(hull[at[1]].X - hull[at[3]].X, hull[at[1]].Y - hull[at[3]].Y);
            Point2 along = new(hull[at[2]].X - hull[at[0]].X, hull[at[2]].Y - hull[at[0]].Y);
            var w = (across.X * baseA) + (across.Y * baseB);
            var h = (-along.X * baseB) + (along.Y * baseA);
            if (w * h <= least)
            {
                (least, leftAt, bottomAt, a, b, width, height) = (w * h, at[3], at[0], baseA, baseB, w, h);
            }
        }

        return Frame(hull[leftAt], hull[bottomAt], a, b, width, height);
    }

    // The side whose edge is turned least, after all four are turned to the same direction.
    static int NextSide(Point2[] edges, ReadOnlySpan<int> at)
    {
        Point2 right = edges[at[1]], top = edges[at[2]], left = edges[at[3]];
        ReadOnlySpan<Point2> turned = [edges[at[0]], new(right.Y, -right.X), new(-top.X, -top.Y), new(-left.Y, left.X)];
        var main = 0;
        for (var i = 1; i < turned.Length; i++)
        {
            if ((turned[i].Y * turned[main].X) + (-turned[i].X * turned[main].Y) < 0)
            {
                main = i;
            }
        }

        return main;
    }

    static MinAreaRectangle Frame(Point2 left, Point2 bottom, float a, float b, float width, float height)
    {
        float a2 = -b, b2 = a;
        var c1 = (a * left.X) + (left.Y * b);
        var c2 = (a2 * bottom.X) + (bottom.Y * b2);
        var inverse = 1 / ((a * b2) - (a2 * b));
        float x = ((c1 * b2) - (c2 * b)) * inverse, y = ((a * c2) - (a2 * c1)) * inverse;
        float ux = a * width, uy = b * width, vx = a2 * height, vy = b2 * height;
        Point2 center = new(x + ((ux + vx) * 0.5f), y + ((uy + vy) * 0.5f));
        return new(center, Length(ux, uy), Length(vx, vy), MinAreaRectangle.Degrees((float)Math.Atan2(uy, ux)));
    }

    static float Length(float x, float y) => (float)Math.Sqrt(((double)x * x) + ((double)y * y));
}
