using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml embed: the friendly form of predict for the CLIP embedding of one picture or text.</summary>
static class EmbedCommand
{
    public static Command Create()
    {
        Option<string> model = CommandLine.Model("--model", "Name of the CLIP model", "ViT-B-32__openai");
        var text = new Option<string?>("--text") { Description = "A query instead of a picture", HelpName = "TEXT" };
        var language = new Option<string?>("--language")
        {
            Description = "Language of the query, such as de; only NLLB models ask for it", HelpName = "LANGUAGE",
        };
        Argument<string?> file = PredictCommand.FileArgument();
        file.Arity = ArgumentArity.ZeroOrOne;
        return new Command("embed", "Print the CLIP embedding of a picture or a text: a summary, or with --json all of it.")
        {
            file, text, language, model,
        }.Asks(async (client, arguments, cancellation) =>
        {
            string name = arguments.GetRequiredValue(model);
            string? path = arguments.GetValue(file);
            string? query = arguments.GetValue(text);
            if (path is null == query is null)
            {
                throw new FormatException("Give either a FILE or --text TEXT.");
            }

            var task = new TaskEntry
            {
                Task = "clip", Type = path is null ? "textual" : "visual", ModelName = name,
                Options = new TaskOptions { Language = arguments.GetValue(language) },
            };
            ReadOnlySequence<byte>? image = path is null ? null : await PredictCommand.ReadImageAsync(path, cancellation);
            PredictResult result = await client.PredictAsync(
                new PredictRequest { Id = 0, Tasks = [task], Image = image, Text = query, Priority = Priority.Interactive }, cancellation);
            return arguments.Print(ToJson(name, result), ToText(path, name, result));
        });
    }

    static string ToText(string? path, string model, PredictResult result)
    {
        float[] embedding = result.Clip ?? [];
        string first = string.Join("  ", embedding.Take(6).Select(value => $"{value:0.0000}"));
        return $"""
            {(path is null ? "text" : $"picture    {path}, {result.ImageWidth} × {result.ImageHeight}")}
            model      {model}
            embedding  {embedding.Length} numbers, length {TensorPrimitives.Norm<float>(embedding):0.0000}: {first} …
            time       {TimeText(result.Timings)}
            """;
    }

    static JsonText ToJson(string model, PredictResult result) => JsonText.Of(
    [
        ("modelName", model), .. Size("imageWidth", result.ImageWidth), .. Size("imageHeight", result.ImageHeight),
        ("embedding", JsonText.Raw(ImmichJson.EmbeddingText(result.Clip ?? []))),
        ("timings", JsonText.Of(
            [.. Stages(result.Timings).Select(stage => (stage.Name, (JsonText)stage.Milliseconds)), ("total", result.Timings.Total)])),
    ]);

    static IEnumerable<(string, JsonText)> Size(string name, int? pixels) => pixels is { } known ? [(name, known)] : [];

    public static string TimeText(Timings timings) =>
        $"{timings.Total:0.0} ms ({string.Join(", ", Stages(timings).Select(stage => $"{stage.Name} {stage.Milliseconds:0.0}"))})";

    static IEnumerable<(string Name, double Milliseconds)> Stages(Timings timings) =>
    [
        ("queue", timings.Queue), ("decode", timings.Decode), ("preprocess", timings.Preprocess), ("inference", timings.Inference),
        ("postprocess", timings.Postprocess),
    ];
}
