using ImmichMl.Protocol.Messages;

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
        "text" => [new TaskEntry { Task = "clip", Type = "textual", ModelName = ClipModel, Options = new TaskOptions { Language = Language } }],
        "image" => [new TaskEntry { Task = "clip", Type = "visual", ModelName = ClipModel }],
        "faces" =>
        [
            new TaskEntry { Task = "facial-recognition", Type = "detection", ModelName = FacesModel, Options = new TaskOptions { MinScore = MinFaceScore } },
            new TaskEntry { Task = "facial-recognition", Type = "recognition", ModelName = FacesModel },
        ],
        "ocr" =>
        [
            new TaskEntry { Task = "ocr", Type = "detection", ModelName = OcrModel, Options = new TaskOptions { MaxResolution = MaxResolution } },
            new TaskEntry { Task = "ocr", Type = "recognition", ModelName = OcrModel, Options = new TaskOptions { MinScore = MinTextScore } },
        ],
        _ => throw new FormatException($"'{name}' is none of text, image, faces and ocr."),
    });
}
