using System.CommandLine;
using ImmichMl.Inference.Faces;

namespace ImmichMl.Cli;

/// <summary>immich-ml faces: where the faces of a picture are, for a person to look at.</summary>
static class FacesCommand
{
    public static Command Create()
    {
        Option<string> model = CommandLine.Model("--model", "Name of the face model", "buffalo_l");
        var noEmbedding = new Option<bool>("--detect-only")
        {
            Description = "Find faces without recognizing them; needs no recognition model",
        };
        Option<double?> minScore = PictureVerb.MinScore("a face", ScrfdDetector.DefaultMinScore);
        Argument<string?> file = PredictCommand.FileArgument();
        return new Command("faces", "Find the faces in a picture; with --draw show them.")
        {
            file, model, minScore, noEmbedding, PictureVerb.Draw,
        }.Asks((client, arguments, cancellation) =>
        {
            string name = arguments.GetRequiredValue(model);
            var detection = new TaskEntry
            {
                Task = "facial-recognition", Type = "detection", ModelName = name,
                Options = new TaskOptions { MinScore = arguments.GetValue(minScore) },
            };
            TaskEntry recognition = detection with { Type = "recognition", Options = TaskOptions.None };
            TaskEntry[] tasks = arguments.GetValue(noEmbedding) ? [detection] : [detection, recognition];
            return PictureVerb.RunAsync(client, arguments, file, tasks, ToText, DrawFaces, cancellation);
        });
    }

    static string ToText(PredictResult result)
    {
        IReadOnlyList<FaceResult> faces = result.Faces ?? [];
        List<string[]> rows = [["face", "score", "x1", "y1", "x2", "y2", "embedding"]];
        rows.AddRange(faces.Select((face, i) => (string[])
        [
            $"{i + 1}", $"{face.Score:0.000}", .. face.BoundingBox.Select(value => $"{value:0}"),
            face.Embedding is { } embedding ? $"{embedding.Length} numbers" : "-",
        ]));
        return PictureVerb.Table(rows, $"{faces.Count} faces", result);
    }

    static void DrawFaces(PredictResult result, Annotation picture)
    {
        foreach ((int i, FaceResult face) in (result.Faces ?? []).Index())
        {
            float[] box = face.BoundingBox;
            Point2[] corners = [new(box[0], box[1]), new(box[2], box[1]), new(box[2], box[3]), new(box[0], box[3])];
            picture.DrawOutline(corners, $"{i + 1}: {face.Score:0.00}");
            foreach (float[] point in (face.Landmarks ?? []).Chunk(2))
            {
                picture.DrawPoint(new Point2(point[0], point[1]), (box[2] - box[0]) / 25);
            }
        }
    }
}
