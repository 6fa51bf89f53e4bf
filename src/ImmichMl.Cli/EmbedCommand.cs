using System.CommandLine;
using System.Numerics.Tensors;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Cli;

/// <summary>immich-ml embed: the friendly form of predict for the CLIP embedding of one picture or text.</summary>
static class EmbedCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Description = "Name of the CLIP model",
            HelpName = "NAME",
            DefaultValueFactory = _ => "ViT-B-32__openai",
        };
        var text = new Option<string?>("--text") { Description = "A query instead of a picture", HelpName = "TEXT" };
        var language = new Option<string?>("--language") { Description = "Language of the query, such as de; only NLLB models ask for it", HelpName = "LANGUAGE" };
        Argument<string?> file = PredictCommand.FileArgument();
        file.Arity = ArgumentArity.ZeroOrOne;
        return new Command("embed", "Print the CLIP embedding of a picture or a text: a summary, or with --json all of it.")
        {
            file, text, language, model, CommandLine.Socket, CommandLine.Timeout, CommandLine.Json,
        }.Does(async (arguments, cancellation) =>
        {
            string name = arguments.GetRequiredValue(model);
            string? path = arguments.GetValue(file);
            string? query = arguments.GetValue(text);
            if (path is null == query is null)
            {
                throw new FormatException("Give either a FILE or --text TEXT.");
            }

            var request = new PredictRequest
            {
                Id = 0,
                Tasks =
                [
                    new TaskEntry
                    {
                        Task = "clip",
                        Type = path is null ? "textual" : "visual",
                        ModelName = name,
                        Options = new TaskOptions { Language = arguments.GetValue(language) },
                    },
                ],
                Image = path is null ? null : await PredictCommand.ReadImageAsync(path, cancellation),
                Text = query,
                Priority = Priority.Interactive,
            };
            await using MlClient client = CommandLine.Connect(arguments);
            PredictResult result = await client.PredictAsync(request, cancellation);
            Console.WriteLine(arguments.GetValue(CommandLine.Json) ? ToJson(name, result) : ToText(path, name, result));
            return ExitCode.Ok;
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

    static string ToJson(string model, PredictResult result) => JsonText.Object(
    [
        ("modelName", JsonText.Text(model)),
        .. result.ImageWidth is { } width ? [("imageWidth", JsonText.Number(width))] : Array.Empty<(string, string)>(),
        .. result.ImageHeight is { } height ? [("imageHeight", JsonText.Number(height))] : Array.Empty<(string, string)>(),
        ("embedding", ImmichJson.EmbeddingText(result.Clip ?? [])),
        ("timings", JsonText.Object(Stages(result.Timings).Append(("total", result.Timings.Total)).Select(stage => (stage.Item1, JsonText.Number(stage.Item2))))),
    ]);

    public static string TimeText(Timings timings) =>
        $"{timings.Total:0.0} ms ({string.Join(", ", Stages(timings).Select(stage => $"{stage.Name} {stage.Milliseconds:0.0}"))})";

    static IEnumerable<(string Name, double Milliseconds)> Stages(Timings timings) =>
    [
        ("queue", timings.Queue), ("decode", timings.Decode), ("preprocess", timings.Preprocess), ("inference", timings.Inference),
        ("postprocess", timings.Postprocess),
    ];
}
