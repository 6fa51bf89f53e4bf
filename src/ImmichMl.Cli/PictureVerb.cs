using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>What faces and ocr share: ask about one picture, print what was found, and draw it.</summary>
static class PictureVerb
{
    const string FontFolder = "/usr/share/fonts";

    public static Option<string?> Draw { get; } = new("--draw")
    {
        Description = "Write the picture as PNG with what was found drawn on it",
        HelpName = "OUT.png",
    };

    public static Option<double?> MinScore(string of, double standard) => new Option<double?>("--min-score")
    {
        Description = $"Score under which {of} is dropped, 0 to 1 [default: {standard:0.0}]", HelpName = "SCORE",
        CustomParser = given => CommandLine.Number(given),
    }.Within(score => score is >= 0 and <= 1, "0 to 1");

    public static async Task<int> RunAsync(
        MlClient client, ParseResult arguments, Argument<string?> file, IReadOnlyList<TaskEntry> tasks, Func<PredictResult, string> tell,
        Action<PredictResult, Annotation> draw, CancellationToken cancellation)
    {
        ReadOnlySequence<byte> image = await PredictCommand.ReadImageAsync(arguments.GetValue(file)!, cancellation);
        PredictResult result = await client.PredictAsync(
            new PredictRequest { Id = 0, Tasks = tasks, Image = image, Priority = Priority.Interactive }, cancellation);
        if (arguments.GetValue(Draw) is { } path)
        {
            await File.WriteAllBytesAsync(path, Drawn(image.ToArray(), result, draw), cancellation);
        }

        ImmichJson json = await client.GetJsonAsync(cancellation);
        return arguments.Print(JsonText.Raw(json.Write(tasks, result)), tell(result));
    }

    static byte[] Drawn(byte[] image, PredictResult result, Action<PredictResult, Annotation> draw)
    {
        using Bitmap bitmap = ImageDecoder.Decode(image, ImageHeader.Read(image, new ImageLimits()));
        using var annotation = new Annotation(bitmap, FontFiles());
        draw(result, annotation);
        return annotation.ToPng();
    }

    /// <summary>Plain upright ones first; what stands deeper or is more than a person waits for is not looked at.</summary>
    static string[] FontFiles()
    {
        const int Most = 300;
        var search = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 5, IgnoreInaccessible = true };
        return !Directory.Exists(FontFolder)
            ? []
            : [.. Directory.EnumerateFiles(FontFolder, "*.*", search)
                .Where(path => Path.GetExtension(path) is ".ttf" or ".otf" or ".ttc")
                .Take(Most)
                .OrderBy(path => path.Contains("Sans", StringComparison.Ordinal) ? 0 : 1)
                .ThenBy(path => Path.GetFileName(path).Length)
                .ThenBy(path => path, StringComparer.Ordinal)];
    }

    /// <summary>Columns as wide as their widest cell; the first row is the head, and below it all what was found.</summary>
    public static string Table(IReadOnlyList<string[]> rows, string found, PredictResult result)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        IEnumerable<string> lines = rows.Select(row =>
            string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        string sum = $"{found} in {result.ImageWidth} × {result.ImageHeight}, {EmbedCommand.TimeText(result.Timings)}";
        return string.Join('\n', lines.Append(sum));
    }
}
