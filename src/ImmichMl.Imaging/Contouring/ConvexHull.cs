namespace ImmichMl.Imaging.Contouring;

/// <summary>
/// The corners of the convex hull, without points on its edges, in the order and with the first corner that OpenCV's convexHull
/// gives for whole numbers; ties between equal rectangles hang on that.
/// </summary>
static class ConvexHull
{
    public static PixelPoint[] Find(ReadOnlySpan<PixelPoint> points)
    {
        var sorted = new (PixelPoint Point, int Index)[points.Length];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = (points[i], i);
        }

        Array.Sort(sorted, static (left, right) =>
            left.Point.X != right.Point.X ? left.Point.X.CompareTo(right.Point.X)
            : left.Point.Y != right.Point.Y ? left.Point.Y.CompareTo(right.Point.Y)
            : left.Index.CompareTo(right.Index));
        if (sorted[0].Point == sorted[^1].Point)
        {
            return [sorted[0].Point];
        }

        int lowest = 0, highest = 0, last = sorted.Length - 1;
        for (var i = 1; i < sorted.Length; i++)
        {
            lowest = sorted[i].Point.Y < sorted[lowest].Point.Y ? i : lowest;
            highest = sorted[i].Point.Y > sorted[highest].Point.Y ? i : highest;
        }

        // Rightmost, greatest y, leftmost, least y and back.
        List<int> indexes = [];
        AddChain(sorted, last, highest, backwards: false, indexes);
        AddChain(sorted, 0, highest, backwards: true, indexes);
        AddChain(sorted, 0, lowest, backwards: false, indexes);
        AddChain(sorted, last, lowest, backwards: true, indexes);
        var hull = indexes.ToArray();
        if (IsLine(points, hull))
        {
            hull = [sorted[last].Index, sorted[0].Index];
        }

        Rotate(hull);
        var corners = new PixelPoint[hull.Length];
        for (var i = 0; i < corners.Length; i++)
        {
            corners[i] = points[hull[i]];
        }

        return corners;
    }

    // All but the last corner of the strictly convex way from one to the other; backwards the way is listed from its end, all but the
    // first. Which end it is built from says which of two points counts that coincide: the
    // later one, but at the start the first.
    static void AddChain((PixelPoint Point, int Index)[] sorted, int from, int to, bool backwards, List<int> indexes)
    {
        var side = backwards ? -1 : 1;
        var step = Math.Sign(to - from);
        List<int> chain = [from];
        for (var i = from; i != to;)
        {
            i += step;
            if (chain.Count == 1 && sorted[i].Point == sorted[from].Point)
            {
                continue;
            }

            while (chain.Count > 1 && Turn(sorted[chain[^2]].Point, sorted[chain[^1]].Point, sorted[i].Point) * side <= 0)
            {
                chain.RemoveAt(chain.Count - 1);
            }

            chain.Add(i);
        }

        if (backwards)
        {
            chain.Reverse();
        }

        foreach (var i in chain.Take(chain.Count - 1))
        {
            indexes.Add(sorted[i].Index);
        }
    }

    static long Turn(PixelPoint a, PixelPoint b, PixelPoint c) =>
        (((long)b.X - a.X) * ((long)c.Y - b.Y)) - (((long)b.Y - a.Y) * ((long)c.X - b.X));

    static bool IsLine(ReadOnlySpan<PixelPoint> points, int[] hull)
    {
        for (var i = 2; i < hull.Length; i++)
        {
            if (Turn(points[hull[0]], points[hull[1]], points[hull[i]]) != 0)
            {
                return false;
            }
        }

        return hull.Length > 2;
    }

    // Where the hull goes through the contour in its order or against it, OpenCV begins with the first or last point of the contour.
    static void Rotate(int[] hull)
    {
        int count = hull.Length, min = 0, max = 0, rising = 0;
        if (count < 3)
        {
            return;
        }

        for (var i = 1; i < count; i++)
        {
            rising += hull[i - 1] < hull[i] ? 1 : 0;
            if (rising > 1 && rising <= i - 2)
            {
                break;
            }

            min = hull[i] < hull[min] ? i : min;
            max = hull[i] > hull[max] ? i : max;
        }

        var apart = Math.Abs(max - min);
        if ((apart != 1 && apart != count - 1) || (rising > 1 && rising < count - 2))
        {
            return;
        }

        var ascending = (max + 1) % count == min;
        var first = ascending ? min : max;
        int[] turned = [.. hull.AsSpan(first), .. hull.AsSpan(0, first)];
        for (var i = 0; i < count - 1; i++)
        {
            if (ascending != (turned[i] < turned[i + 1]))
            {
                return;
            }
        }

        turned.CopyTo(hull, 0);
    }
}
