namespace ImmichMl.Tests.Imaging;

/// <summary>Lines of numbers and hashes from tests/golden/geometry.</summary>
static class GeometryGolden
{
    public static JsonElement[] Cases(string file, string section)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("geometry", file)));
        return [.. document.RootElement.GetProperty(section).EnumerateArray().Select(entry => entry.Clone())];
    }

    public static Point2[] Points(JsonElement flat)
    {
        float[] numbers = [.. flat.EnumerateArray().Select(number => number.GetSingle())];
        return [.. numbers.Chunk(2).Select(pair => new Point2(pair[0], pair[1]))];
    }
}
