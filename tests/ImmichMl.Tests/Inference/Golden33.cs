namespace ImmichMl.Tests.Inference;

/// <summary>A picture of the corpus in a section of golden/predict-3.3.json: what Immich 3.3's rules give for it.</summary>
public sealed record Golden33(string Section, string File)
{
    public JsonElement Answer(string key) => Golden33Data.Root.GetProperty(Section).GetProperty(File).GetProperty(key);

    public bool Has(string key) => Golden33Data.Root.GetProperty(Section).GetProperty(File).TryGetProperty(key, out _);

    public byte[] Read() => System.IO.File.ReadAllBytes(SharedData.File("corpus", File));

    public override string ToString() => $"{Section} {File}";
}

/// <summary>The file itself.</summary>
static class Golden33Data
{
    static readonly Lazy<JsonElement> s_root = new(() =>
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(SharedData.File("golden", "predict-3.3.json")));
        return document.RootElement.Clone();
    });

    public static JsonElement Root => s_root.Value;

    public static JsonElement Vector(string name) => Root.GetProperty("vectors").GetProperty(name);

    /// <summary>Skipped, not absent, where there is no shared data.</summary>
    public static IEnumerable<Golden33> Of(params string[] sections) => !SharedData.IsConfigured
        ? [new Golden33("legacy", "(no shared data)")]
        : from section in sections
          from picture in Root.GetProperty(section).EnumerateObject()
          select new Golden33(section, picture.Name);

    public static float[] Floats(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetSingle())];
}
