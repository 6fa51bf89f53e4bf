namespace ImmichMl.Imaging.Contouring;

/// <summary>
/// Fills a polygon as OpenCV 4.6's fillPoly does: each edge as a line of touching pixels, then between pairs of edges along the rows,
/// with 16 fraction bits. Crossing edges fill by the even-odd rule.
/// </summary>
static class PolygonMask
{
    const int Bits = 16;
    const long One = 1 << Bits;

    sealed class Edge
    {
        public int Top, Bottom;
        public long X, Slope;
    }

    public static void Draw(ReadOnlySpan<PixelPoint> polygon, Span<byte> mask, int width, int height)
    {
        List<Edge> edges = [];
        var from = polygon[^1];
        foreach (var to in polygon)
        {
            MaskLine.Draw(from, to, mask, width, height);
            if (from.Y != to.Y)
            {
                edges.Add(Make(from, to));
            }

            from = to;
        }

        if (edges.Count >= 2)
        {
            edges.Sort(static (left, right) =>
                left.Top != right.Top ? left.Top.CompareTo(right.Top)
                : left.X != right.X ? left.X.CompareTo(right.X) : left.Slope.CompareTo(right.Slope));
            Fill(edges, mask, width, height);
        }
    }

    static Edge Make(PixelPoint from, PixelPoint to)
    {
        var slope = (((long)to.X - from.X) << Bits) / ((long)to.Y - from.Y);
        var upper = from.Y < to.Y ? from : to;
        return new() { Top = upper.Y, Bottom = Math.Max(from.Y, to.Y), X = (long)upper.X << Bits, Slope = slope };
    }

    static void Fill(List<Edge> edges, Span<byte> mask, int width, int height)
    {
        List<Edge> active = [];
        var next = 0;
        var end = Math.Min(edges.Max(edge => edge.Bottom), height);
        for (var y = edges[0].Top; y < end; y++)
        {
            active.RemoveAll(edge => edge.Bottom == y);
            for (var position = 0; next < edges.Count && edges[next].Top == y; next++)
            {
                while (position < active.Count && active[position].X < edges[next].X)
                {
                    position++;
                }

                active.Insert(position++, edges[next]);
            }

            for (var i = 0; i + 1 < active.Count; i += 2)
            {
                Edge left = active[i], right = active[i + 1];
                if (y >= 0)
                {
                    var first = Math.Max((Math.Min(left.X, right.X) + One - 1) >> Bits, 0);
                    var last = Math.Min(Math.Max(left.X, right.X) >> Bits, width - 1);
                    if (first <= last)
                    {
                        mask.Slice((y * width) + (int)first, (int)(last - first) + 1).Fill(1);
                    }
                }

                left.X += left.Slope;
                right.X += right.Slope;
            }

            // Nearly sorted already, and equal ones keep their order.
            for (var i = 1; i < active.Count; i++)
            {
                for (var j = i; j > 0 && active[j - 1].X > active[j].X; j--)
                {
                    (active[j - 1], active[j]) = (active[j], active[j - 1]);
                }
            }
        }
    }
}
