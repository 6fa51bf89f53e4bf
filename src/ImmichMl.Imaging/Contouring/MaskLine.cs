namespace ImmichMl.Imaging.Contouring;

/// <summary>OpenCV's line of pixels that touch at sides or corners, drawn from left to right, clipped to the mask first.</summary>
static class MaskLine
{
    public static void Draw(PixelPoint from, PixelPoint to, Span<byte> mask, int width, int height)
    {
        long x1 = from.X, y1 = from.Y, x2 = to.X, y2 = to.Y;
        if ((!IsInside(x1, y1, width, height) || !IsInside(x2, y2, width, height)) && !Clip(width, height, ref x1, ref y1, ref x2, ref y2))
        {
            return;
        }

        if (x2 < x1)
        {
            (x1, y1, x2, y2) = (x2, y2, x1, y1);
        }

        int across = (int)(x2 - x1), down = (int)Math.Abs(y2 - y1), rowStep = y2 < y1 ? -width : width;
        var (longer, shorter, step, sidestep) = down > across ? (down, across, rowStep, 1) : (across, down, 1, rowStep);
        var at = (int)((y1 * width) + x1);
        var error = longer - (2 * shorter);
        for (var i = 0; i <= longer; i++)
        {
            mask[at] = 1;
            var aside = error < 0;
            error += aside ? (2 * longer) - (2 * shorter) : -2 * shorter;
            at += aside ? step + sidestep : step;
        }
    }

    public static bool IsInside(long x, long y, int width, int height) => x >= 0 && y >= 0 && x < width && y < height;

    /// <summary>Cuts both ends to the mask, at whole positions; false where nothing is left, and then they may be cut half.</summary>
    public static bool Clip(int width, int height, ref long x1, ref long y1, ref long x2, ref long y2)
    {
        int right = width - 1, bottom = height - 1;
        int first = Outside(x1, y1, right, bottom), second = Outside(x2, y2, right, bottom);
        if ((first & second) == 0 && (first | second) != 0)
        {
            if ((first & 12) != 0)
            {
                CutToRow(first < 8 ? 0 : bottom, ref x1, ref y1, x2, y2);
                first = Outside(x1, 0, right, bottom);
            }

            if ((second & 12) != 0)
            {
                CutToRow(second < 8 ? 0 : bottom, ref x2, ref y2, x1, y1);
                second = Outside(x2, 0, right, bottom);
            }

            if ((first & second) == 0 && (first | second) != 0)
            {
                if (first != 0)
                {
                    CutToRow(first == 1 ? 0 : right, ref y1, ref x1, y2, x2);
                    first = 0;
                }

                if (second != 0)
                {
                    CutToRow(second == 1 ? 0 : right, ref y2, ref x2, y1, x1);
                    second = 0;
                }
            }
        }

        return (first | second) == 0;
    }

    // The same with x and y exchanged cuts to a column.
    static void CutToRow(int row, ref long x, ref long y, long otherX, long otherY)
    {
        x += (long)((double)(row - y) * (otherX - x) / (otherY - y));
        y = row;
    }

    static int Outside(long x, long y, int right, int bottom) =>
        (x < 0 ? 1 : 0) + (x > right ? 2 : 0) + (y < 0 ? 4 : 0) + (y > bottom ? 8 : 0);
}
