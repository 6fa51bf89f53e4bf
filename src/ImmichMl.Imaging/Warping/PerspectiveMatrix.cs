namespace ImmichMl.Imaging.Warping;

/// <summary>Maps (x, y) to ((A·x + B·y + C) / w, (D·x + E·y + F) / w) with w = G·x + H·y + 1.</summary>
readonly record struct PerspectiveMatrix(double A, double B, double C, double D, double E, double F, double G, double H)
{
    const int Unknowns = 8;

    // Of the equations, with their right side.
    const int Columns = Unknowns + 1;

    /// <summary>
    /// The one that takes the corners of a rectangle at the origin to those of a quad (Heckbert 1989: the unit square in closed form,
    /// then scaled). False where three corners stand on one line.
    /// </summary>
    public static bool TryMapRectangle(int width, int height, in Quad quad, out PerspectiveMatrix matrix)
    {
        double x0 = quad.TopLeft.X, x1 = quad.TopRight.X, x2 = quad.BottomRight.X, x3 = quad.BottomLeft.X;
        double y0 = quad.TopLeft.Y, y1 = quad.TopRight.Y, y2 = quad.BottomRight.Y, y3 = quad.BottomLeft.Y;
        double dx1 = x1 - x2, dx2 = x3 - x2, sx = x0 - x1 + x2 - x3;
        double dy1 = y1 - y2, dy2 = y3 - y2, sy = y0 - y1 + y2 - y3;
        var determinant = (dx1 * dy2) - (dx2 * dy1);
        var g = ((sx * dy2) - (dx2 * sy)) / determinant;
        var h = ((dx1 * sy) - (sx * dy1)) / determinant;
        matrix = new(
            (x1 - x0 + (g * x1)) / width, (x3 - x0 + (h * x3)) / height, x0,
            (y1 - y0 + (g * y1)) / width, (y3 - y0 + (h * y3)) / height, y0,
            g / width, h / height);
        return determinant != 0 && double.IsFinite(matrix.A + matrix.B + matrix.D + matrix.E + matrix.G + matrix.H);
    }

    /// <summary>
    /// The same as the solution of eight linear equations in float32: Gaussian elimination with partial pivoting, as LAPACK's sgesv.
    /// </summary>
    public static bool TrySolveRectangle(int width, int height, in Quad quad, out PerspectiveMatrix matrix)
    {
        ReadOnlySpan<Point2> from = [new(0, 0), new(width, 0), new(width, height), new(0, height)];
        ReadOnlySpan<Point2> to = [quad.TopLeft, quad.TopRight, quad.BottomRight, quad.BottomLeft];
        Span<float> rows = stackalloc float[Unknowns * Columns];
        rows.Clear();
        for (var i = 0; i < from.Length; i++)
        {
            float x = from[i].X, y = from[i].Y, u = to[i].X, v = to[i].Y;
            ReadOnlySpan<float> across = [x, y, 1, 0, 0, 0, -u * x, -u * y, u], down = [0, 0, 0, x, y, 1, -v * x, -v * y, v];
            across.CopyTo(rows[(2 * i * Columns)..]);
            down.CopyTo(rows[(((2 * i) + 1) * Columns)..]);
        }

        matrix = default;
        if (!TryEliminate(rows))
        {
            return false;
        }

        Span<float> c = stackalloc float[Unknowns];
        for (var i = Unknowns - 1; i >= 0; i--)
        {
            var row = rows.Slice(i * Columns, Columns);
            var rest = row[Unknowns];
            for (var j = i + 1; j < Unknowns; j++)
            {
                rest -= row[j] * c[j];
            }

            c[i] = rest / row[i];
        }

        matrix = new(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
        return float.IsFinite(c[0] + c[1] + c[2] + c[3] + c[4] + c[5] + c[6] + c[7]);
    }

    /// <summary>To an upper triangle; false where a column has no pivot.</summary>
    static bool TryEliminate(Span<float> rows)
    {
        Span<float> swapped = stackalloc float[Columns];
        for (var column = 0; column < Unknowns; column++)
        {
            var best = column;
            for (var i = column + 1; i < Unknowns; i++)
            {
                best = Math.Abs(rows[(i * Columns) + column]) > Math.Abs(rows[(best * Columns) + column]) ? i : best;
            }

            Span<float> pivot = rows.Slice(column * Columns, Columns), other = rows.Slice(best * Columns, Columns);
            pivot.CopyTo(swapped);
            other.CopyTo(pivot);
            swapped.CopyTo(other);
            if (pivot[column] == 0)
            {
                return false;
            }

            for (var i = column + 1; i < Unknowns; i++)
            {
                var row = rows.Slice(i * Columns, Columns);
                var factor = row[column] / pivot[column];
                for (var j = column; j < Columns; j++)
                {
                    row[j] -= factor * pivot[j];
                }
            }
        }

        return true;
    }
}
