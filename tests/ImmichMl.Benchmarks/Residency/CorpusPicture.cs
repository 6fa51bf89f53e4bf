namespace ImmichMl.Benchmarks.Residency;

/// <summary>A picture of the corpus and what its expect.json says that is to become of it.</summary>
/// <param name="Name">Folder and file.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Verdict">accept, refuse or either.</param>
/// <param name="Codes">Those of a refusal.</param>
sealed record CorpusPicture(string Name, byte[] Bytes, string Verdict, string[] Codes)
{
    public static CorpusPicture[] Read(string corpus, string folder)
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(corpus, "expect.json")));
        return [.. Directory.GetFiles(Path.Combine(corpus, folder)).Order(
            StringComparer.Ordinal).Select(file => Read(expected.RootElement, $"{folder}/{Path.GetFileName(file)}", file))];
    }

    /// <summary>Whether an answer is right.</summary>
    /// <param name="code">Of an error; null where there was none.</param>
    public bool Allows(string? code) => code is null
        ? Verdict is "accept" or "either"
        : Verdict == "refuse" ? Codes.Contains(code) : Verdict == "either" && code.StartsWith("image_", StringComparison.Ordinal);

    static CorpusPicture Read(JsonElement all, string name, string file)
    {
        JsonElement expected = all.GetProperty(name).GetProperty("expected");
        return new(
            name, File.ReadAllBytes(file), expected.GetProperty("verdict").GetString()!,
            expected.TryGetProperty("codes", out JsonElement codes) ? [.. codes.EnumerateArray().Select(code => code.GetString()!)] : []);
    }
}
