using System.CommandLine;
using ImmichMl.Inference.Ocr;

namespace ImmichMl.Cli;

/// <summary>immich-ml ocr: the text in a picture, for a person to read.</summary>
static class OcrCommand
{
    public static Command Create()
    {
        Option<string> model = CommandLine.Model("--model", "Name of the OCR model", "PP-OCRv5_mobile");
        Option<double?> minScore = PictureVerb.MinScore("a text", TextRecognizer.DefaultMinScore);
        Argument<string?> file = PredictCommand.FileArgument();
        return new Command("ocr", "Read the text in a picture; with --draw show where it stands.")
        {
            file, model, minScore, PictureVerb.Draw,
        }.Asks((client, arguments, cancellation) =>
        {
            string name = arguments.GetRequiredValue(model);
            var detection = new TaskEntry { Task = "ocr", Type = "detection", ModelName = name };
            var options = new TaskOptions { MinScore = arguments.GetValue(minScore) };
            TaskEntry[] tasks = [detection, detection with { Type = "recognition", Options = options }];
            return PictureVerb.RunAsync(client, arguments, file, tasks, ToText, DrawTexts, cancellation);
        });
    }

    static string ToText(PredictResult result)
    {
        OcrResult ocr = result.Ocr!;
        List<string[]> rows = [["line", "box", "score", "x", "y", "text"]];
        rows.AddRange((ocr.Text ?? []).Select((text, i) => (string[])
        [
            $"{i + 1}", $"{ocr.BoxScore[i]:0.000}", $"{ocr.TextScore![i]:0.000}",
            $"{ocr.Box[8 * i] * result.ImageWidth:0}", $"{ocr.Box[(8 * i) + 1] * result.ImageHeight:0}", text,
        ]));
        return PictureVerb.Table(rows, $"{rows.Count - 1} lines", result);
    }

    static void DrawTexts(PredictResult result, Annotation picture)
    {
        OcrResult ocr = result.Ocr!;
        for (int i = 0; i < ocr.BoxScore.Length; i++)
        {
            Point2[] corners = [.. ocr.Box[(8 * i)..((8 * i) + 8)].Chunk(2)
                .Select(point => new Point2(point[0] * (float)result.ImageWidth!, point[1] * (float)result.ImageHeight!))];
            picture.DrawOutline(corners, ocr.Text?[i] ?? "");
        }
    }
}
