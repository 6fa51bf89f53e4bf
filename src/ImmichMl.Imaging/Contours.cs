using ImmichMl.Imaging.Contouring;

namespace ImmichMl.Imaging;

/// <summary>
/// The outlines of the blobs of a map and of the holes in them: OpenCV's findContours with RETR_LIST and CHAIN_APPROX_SIMPLE
/// (border following after Suzuki and Abe), the same points in the same order. No known difference from OpenCV 4.6.
/// </summary>
public static class Contours
{
    /// <summary>Diagonal steps count as connected; only the points where the outline turns are kept.</summary>
    /// <param name="map">Row by row; what is not zero belongs to a blob.</param>
    /// <param name="width">Of the map.</param>
    /// <param name="height">Of the map.</param>
    /// <param name="max">OpenCV lists first what it finds last, so these are the lowest ones of the map, from the bottom up.</param>
    public static List<PixelPoint[]> Find(ReadOnlySpan<byte> map, int width, int height, int max)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(max);
        using var bordered = new BorderedMap(width, height);
        ArgumentOutOfRangeException.ThrowIfNotEqual(map.Length, width * height);
        for (var y = 0; y < height; y++)
        {
            Span<sbyte> row = bordered.Row(y);
            var from = map.Slice(y * width, width);
            for (var x = 0; x < width; x++)
            {
                row[x] = from[x] == 0 ? (sbyte)0 : (sbyte)1;
            }
        }

        return Find(bordered, max);
    }

    /// <summary>Leaves marks in the map.</summary>
    internal static List<PixelPoint[]> Find(BorderedMap map, int max)
    {
        var starts = BorderFollower.FindStarts(map, max);
        List<PixelPoint[]> contours = new(starts.Count);
        List<PixelPoint> points = [];
        foreach (var start in starts.Reverse())
        {
            points.Clear();
            BorderFollower.Follow(map, start, points);
            contours.Add([.. points]);
        }

        return contours;
    }
}
