namespace ImmichMl.Tests.Inference;

/// <summary>The text that Immich's own code read in a picture of the corpus; golden/predict.json.</summary>
public sealed record OcrGolden(string File, int Width, int Height, string[] Text, float[] Box, float[] BoxScore, float[] TextScore)
{
    const string ModelName = "PP-OCRv5_mobile";

    public static IEnumerable<OcrGolden> All()
    {
        if (!SharedData.IsConfigured)
        {
            return [new OcrGolden("(no shared data)", 0, 0, [], [], [], [])];
        }

        using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(SharedData.File("golden", "predict.json")));
        return [.. document.RootElement.EnumerateObject().Select(picture => Parse(picture.Name, picture.Value.GetProperty("ocr")))];
    }

    /// <summary>With the options that the golden data was made with.</summary>
    public PredictRequest Ask(double recognitionMinScore = 0.8) => new()
    {
        Id = 0,
        Tasks =
        [
            new TaskEntry { Task = "ocr", Type = "detection", ModelName = ModelName,
                Options = new TaskOptions { MinScore = 0.5, MaxResolution = 736 } },
            new TaskEntry { Task = "ocr", Type = "recognition", ModelName = ModelName,
                Options = new TaskOptions { MinScore = recognitionMinScore } },
        ],
        Image = new ReadOnlySequence<byte>(System.IO.File.ReadAllBytes(SharedData.File("corpus", File))),
    };

    public override string ToString() => File;

    static OcrGolden Parse(string file, JsonElement answer)
    {
        JsonElement ocr = answer.GetProperty("ocr");
        float[] Floats(string name) => [.. ocr.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];
        return new OcrGolden(
            file, answer.GetProperty("imageWidth").GetInt32(), answer.GetProperty("imageHeight").GetInt32(),
            [.. ocr.GetProperty("text").EnumerateArray().Select(text => text.GetString()!)], Floats("box"), Floats("boxScore"), Floats(
                "textScore"));
    }
}
