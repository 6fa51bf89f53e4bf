using System.CommandLine;
using System.Text;

namespace ImmichMl.Cli;

/// <summary>immich-ml predict: Immich's own request, from the command line.</summary>
static class PredictCommand
{
    public static Command Create()
    {
        var tasks = new Option<string>("--tasks")
        {
            Description = """Immich's entries, such as {"clip":{"visual":{"modelName":"ViT-B-32__openai"}}}; """
                + "{} asks for the picture's size",
            HelpName = "JSON",
            Required = true,
        };
        var text = new Option<string?>("--text") { Description = "A query instead of a picture", HelpName = "TEXT" };
        Argument<string?> file = FileArgument();
        file.Arity = ArgumentArity.ZeroOrOne;
        return new Command("predict", "Ask the daemon about one picture or text and print the answer as Immich's JSON.")
        {
            tasks, text, file,
        }.Asks(async (client, arguments, cancellation) =>
        {
            IReadOnlyList<TaskEntry> entries = ImmichJson.Older.ReadEntries(Encoding.UTF8.GetBytes(arguments.GetRequiredValue(tasks)));
            string? path = arguments.GetValue(file);
            if (path is null == (arguments.GetValue(text) is null))
            {
                throw new FormatException("Give either a FILE or --text TEXT.");
            }

            ReadOnlySequence<byte>? image = path is null ? null : await ReadImageAsync(path, cancellation);
            var request = new PredictRequest { Id = 0, Tasks = entries, Image = image, Text = arguments.GetValue(text) };
            PredictResult result = await client.PredictAsync(request, cancellation);
            Console.WriteLine((await client.GetJsonAsync(cancellation)).Write(entries, result));
            return ExitCode.Ok;
        });
    }

    public static Argument<string?> FileArgument() => new("FILE") { Description = "A JPEG, PNG, WebP, GIF or BMP; - reads standard input" };

    public static async Task<ReadOnlySequence<byte>> ReadImageAsync(string path, CancellationToken cancellation)
    {
        if (path != "-")
        {
            return new ReadOnlySequence<byte>(await File.ReadAllBytesAsync(path, cancellation));
        }

        using var bytes = new MemoryStream();
        await using Stream input = Console.OpenStandardInput();
        await input.CopyToAsync(bytes, cancellation);
        return new ReadOnlySequence<byte>(bytes.ToArray());
    }
}
