namespace ImmichMl.Tests.Imaging;

/// <summary>A small picture of tests/golden/images, and what Pillow decodes it to.</summary>
public sealed record GoldenImage(string Name, int Width, int Height, string Sha256)
{
    public static IEnumerable<GoldenImage> All()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("images", "expect.json")));
        return [.. document.RootElement.EnumerateObject().Select(entry => new GoldenImage(
            entry.Name,
            entry.Value.GetProperty("width").GetInt32(),
            entry.Value.GetProperty("height").GetInt32(),
            entry.Value.GetProperty("sha256").GetString()!))];
    }

    public byte[] Read() => File.ReadAllBytes(Repository.Golden("images", Name));

    public override string ToString() => Name;
}
