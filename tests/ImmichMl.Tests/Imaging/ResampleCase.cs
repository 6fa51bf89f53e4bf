namespace ImmichMl.Tests.Imaging;

/// <summary>A resize that Pillow did; tests/golden/resample/cases.json.</summary>
public sealed record ResampleCase(
    string Picture, (int Width, int Height) Source, (int Width, int Height) Target, ResampleFilter Filter, string Sha256)
{
    public static IEnumerable<ResampleCase> All()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("resample", "cases.json")));
        return [.. document.RootElement.GetProperty("resize").EnumerateArray().Select(entry => new ResampleCase(
            entry.GetProperty("picture").GetString()!,
            Size(entry.GetProperty("source")),
            Size(entry.GetProperty("target")),
            Enum.Parse<ResampleFilter>(entry.GetProperty("filter").GetString()!, ignoreCase: true),
            entry.GetProperty("sha256").GetString()!))];
    }

    public override string ToString() => $"{Picture} {Source} to {Target} {Filter}";

    internal static (int Width, int Height) Size(JsonElement pair) => (pair[0].GetInt32(), pair[1].GetInt32());
}
