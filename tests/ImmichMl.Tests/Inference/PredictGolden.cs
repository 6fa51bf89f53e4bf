namespace ImmichMl.Tests.Inference;

/// <summary>A picture of the corpus and what Immich's own code answered for it; golden/predict.json.</summary>
public sealed record PredictGolden(string File, int Width, int Height, float[] Embedding)
{
    /// <summary>Stands in where there is no shared data, so that the tests show as skipped and not as absent.</summary>
    static readonly PredictGolden Absent = new("(no shared data)", 0, 0, []);

    public static IEnumerable<PredictGolden> All()
    {
        if (!SharedData.IsConfigured)
        {
            return [Absent];
        }

        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(SharedData.File("golden", "predict.json")));
        return [.. document.RootElement.EnumerateObject().Select(picture => Parse(picture.Name, picture.Value.GetProperty("clip_probe")))];
    }

    public byte[] Read() => System.IO.File.ReadAllBytes(SharedData.File("corpus", File));

    public override string ToString() => File;

    static PredictGolden Parse(string file, JsonElement probe) => new(
        file,
        probe.GetProperty("imageWidth").GetInt32(),
        probe.GetProperty("imageHeight").GetInt32(),
        [.. probe.GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle())]);
}
