namespace ImmichMl.Bench;

/// <summary>One kind of request of a mix: what it is called, how often it comes, and what it asks.</summary>
/// <param name="Name">text, image, faces or ocr.</param>
/// <param name="Weight">Of the whole mix; 1 to <see cref="Mix.MaxWeight"/>.</param>
/// <param name="Tasks">What it asks for.</param>
public sealed record Endpoint(string Name, int Weight, TaskEntry[] Tasks)
{
    public bool TakesText => Name == "text";
}

/// <summary>Model names and options, by the endpoint that they are for; null is left to the server.</summary>
public sealed class EndpointOptions
{
    public string ClipModel { get; init; } = "ViT-B-32__openai";

    public string FacesModel { get; init; } = "buffalo_l";

    public string OcrModel { get; init; } = "PP-OCRv5_mobile";

    public double? MinFaceScore { get; init; }

    public double? MinTextScore { get; init; }

    public int? MaxResolution { get; init; }

    public string? Language { get; init; }

    public Endpoint Describe(string name, int weight) => new(name, weight, name switch
    {
        "text" => [Entry("clip", "textual", ClipModel, new TaskOptions { Language = Language })],
        "image" => [Entry("clip", "visual", ClipModel)],
        "faces" =>
        [
            Entry("facial-recognition", "detection", FacesModel, new TaskOptions { MinScore = MinFaceScore }),
            Entry("facial-recognition", "recognition", FacesModel),
        ],
        "ocr" =>
        [
            Entry("ocr", "detection", OcrModel, new TaskOptions { MaxResolution = MaxResolution }),
            Entry("ocr", "recognition", OcrModel, new TaskOptions { MinScore = MinTextScore }),
        ],
        _ => throw new FormatException($"'{name}' is none of text, image, faces and ocr."),
    });

    static TaskEntry Entry(string task, string type, string model, TaskOptions? options = null) =>
        new() { Task = task, Type = type, ModelName = model, Options = options ?? TaskOptions.None };
}
