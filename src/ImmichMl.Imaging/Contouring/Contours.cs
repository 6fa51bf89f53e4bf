namespace ImmichMl.Imaging.Contouring;

/// <summary>
/// The outlines of the blobs of a map and of the holes in them: OpenCV's findContours with RETR_LIST and CHAIN_APPROX_SIMPLE
/// (border following after Suzuki and Abe), the same points in the same order. No known difference from OpenCV 4.6.
/// </summary>
static class Contours
{
    /// <summary>Diagonal steps count as connected; only the points where the outline turns are kept. Leaves marks in the map.</summary>
    /// <param name="map">Is marked.</param>
    /// <param name="max">OpenCV lists first what it finds last, so these are the lowest ones of the map, from the bottom up.</param>
    public static List<PixelPoint[]> Find(BorderedMap map, int max)
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
