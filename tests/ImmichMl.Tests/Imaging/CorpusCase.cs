namespace ImmichMl.Tests.Imaging;

/// <summary>One entry of corpus/expect.json: a file, what is expected of it, and what the reference made of it.</summary>
public sealed record CorpusCase(string File, string Verdict, string Pixels, ImageFault[] Faults, int Width, int Height, string? RgbSha256)
{
    /// <summary>Stands in for the corpus where there is none, so that its tests show as skipped and not as absent.</summary>
    static readonly CorpusCase Absent = new("(no corpus)", "", "", [], 0, 0, null);

    public static IEnumerable<CorpusCase> All()
    {
        if (!SharedData.IsConfigured)
        {
            return [Absent];
        }

        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(SharedData.File("corpus", "expect.json")));
        return [.. document.RootElement.EnumerateObject().Select(Parse)];
    }

    public byte[] Read() => System.IO.File.ReadAllBytes(SharedData.File("corpus", File));

    public override string ToString() => File;

    static CorpusCase Parse(JsonProperty entry)
    {
        JsonElement expected = entry.Value.GetProperty("expected"), reference = entry.Value.GetProperty("reference");
        return new(
            entry.Name,
            expected.GetProperty("verdict").GetString()!,
            expected.TryGetProperty("pixels", out var pixels) ? pixels.GetString()! : "",
            expected.TryGetProperty("codes", out var codes) ? [.. codes.EnumerateArray().Select(code => Fault(code.GetString()!))] : [],
            reference.TryGetProperty("width", out var width) ? width.GetInt32() : 0,
            reference.TryGetProperty("height", out var height) ? height.GetInt32() : 0,
            reference.TryGetProperty("rgb_sha256", out var hash) ? hash.GetString() : null);
    }

    static ImageFault Fault(string code) => code switch
    {
        "image_empty" => ImageFault.Empty,
        "image_unreadable" => ImageFault.Unreadable,
        "image_unsupported" => ImageFault.Unsupported,
        "image_too_large" => ImageFault.TooLarge,
        _ => throw new InvalidDataException($"expect.json holds the unknown code {code}."),
    };
}
