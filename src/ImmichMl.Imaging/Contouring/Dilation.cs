namespace ImmichMl.Imaging.Contouring;

/// <summary>OpenCV's dilate with a 2 × 2 block, whose anchor is its lower right: a blob grows by one pixel to the right and down.</summary>
static class Dilation
{
    /// <summary>Thresholds and dilates in one go. Nothing exceeds a threshold that is not a number, nor does such a probability.</summary>
    public static BorderedMap Threshold(ReadOnlySpan<float> probabilities, int width, int height, float threshold)
    {
        var map = new BorderedMap(width, height);
        for (var y = 0; y < height; y++)
        {
            var from = probabilities.Slice(y * width, width);
            var to = map.Row(y);
            for (var x = ThresholdVectors(from, to, threshold); x < width; x++)
            {
                to[x] = from[x] > threshold ? (sbyte)1 : (sbyte)0;
            }
        }

        // From the bottom up and from right to left each cell still finds its neighbours as they were.
        for (var y = height - 1; y >= 0; y--)
        {
            var row = map.Row(y);
            var above = y == 0 ? row : map.Row(y - 1);
            for (var x = DilateVectors(row, above, width); x > 0; x--)
            {
                row[x] = Math.Max(Math.Max(row[x], row[x - 1]), Math.Max(above[x], above[x - 1]));
            }

            row[0] = Math.Max(row[0], above[0]);
        }

        return map;
    }

    /// <returns>How many cells are done.</returns>
    static int ThresholdVectors(ReadOnlySpan<float> from, Span<sbyte> to, float threshold)
    {
        var limit = Vector256.Create(threshold);
        var x = 0;
        for (; x + Vector256<sbyte>.Count <= from.Length; x += Vector256<sbyte>.Count)
        {
            var low = Vector256.Narrow(Over(from[x..], limit), Over(from[(x + 8)..], limit));
            var high = Vector256.Narrow(Over(from[(x + 16)..], limit), Over(from[(x + 24)..], limit));
            (-Vector256.Narrow(low, high)).CopyTo(to[x..]);
        }

        return x;
    }

    static Vector256<int> Over(ReadOnlySpan<float> from, Vector256<float> limit) =>
        Vector256.GreaterThan(Vector256.Create(from), limit).AsInt32();

    /// <returns>The last cell that is not done.</returns>
    static int DilateVectors(Span<sbyte> row, ReadOnlySpan<sbyte> above, int width)
    {
        var x = width - 1;
        for (; x >= Vector256<sbyte>.Count; x -= Vector256<sbyte>.Count)
        {
            var first = x - Vector256<sbyte>.Count + 1;
            var here = Vector256.Max(Vector256.Create<sbyte>(row[first..]), Vector256.Create<sbyte>(row[(first - 1)..]));
            var there = Vector256.Max(Vector256.Create(above[first..]), Vector256.Create(above[(first - 1)..]));
            Vector256.Max(here, there).CopyTo(row[first..]);
        }

        return x;
    }
}
