namespace ImmichMl.Imaging.Warping;

/// <summary>Maps (x, y) to ((A·x + B·y + C) / w, (D·x + E·y + F) / w) with w = G·x + H·y + 1.</summary>
readonly record struct PerspectiveMatrix(double A, double B, double C, double D, double E, double F, double G, double H)
{
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
}
