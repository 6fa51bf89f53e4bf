namespace ImmichMl.Imaging.Contouring;

/// <summary>The mean of a map under a polygon: OpenCV's fillPoly, which takes the pixels on the edges in, and its mean.</summary>
static class PolygonFill
{
    /// <param name="map">Row by row.</param>
    /// <param name="stride">From one row of the map to the next.</param>
    /// <param name="window">The part of the map that counts; it lies inside of the map.</param>
    /// <param name="polygon">In pixels of the window, closed by itself; may reach out of it.</param>
    /// <returns>0 where the polygon covers nothing.</returns>
    public static double Mean(ReadOnlySpan<float> map, int stride, PixelRectangle window, ReadOnlySpan<PixelPoint> polygon)
    {
        var mask = ArrayPool<byte>.Shared.Rent(checked(window.Width * window.Height));
        try
        {
            var cells = mask.AsSpan(0, window.Width * window.Height);
            cells.Clear();
            PolygonMask.Draw(polygon, cells, window.Width, window.Height);
            double sum = 0;
            long count = 0;
            for (var y = 0; y < window.Height; y++)
            {
                var row = cells.Slice(y * window.Width, window.Width);
                var values = map.Slice(((window.Y + y) * stride) + window.X, window.Width);
                for (var x = 0; x < row.Length; x++)
                {
                    if (row[x] != 0)
                    {
                        sum += values[x];
                        count++;
                    }
                }
            }

            return count == 0 ? 0 : sum / count;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(mask);
        }
    }
}
