using System.Text;

namespace ImmichMl.Client;

/// <summary>The answer of <c>/predict</c>.</summary>
/// <param name="number">Appends the float32 of a box, a landmark or a detection's score; others are shortest float32 always.</param>
/// <param name="order">The tasks in the order of the answer; null: as they were asked for.</param>
sealed class ImmichAnswer(Action<StringBuilder, float> number, string[]? order)
{
    public string Write(IReadOnlyList<TaskEntry> tasks, PredictResult result)
    {
        var members = new List<(string, JsonText)>();
        IEnumerable<string> asked = tasks.Select(entry => entry.Task).Distinct(StringComparer.Ordinal);
        foreach (string task in order?.Intersect(asked, StringComparer.Ordinal) ?? asked)
        {
            bool recognized = tasks.Any(entry => entry.Task == task && entry.Type == "recognition");
            string? value = task switch
            {
                "clip" when result.Clip is not null => JsonText.Quote(ImmichJson.EmbeddingText(result.Clip)),
                "facial-recognition" when result.Faces is not null => recognized ? Faces(result.Faces) : FaceDetections(result.Faces),
                "ocr" when result.Ocr is not null => recognized ? Texts(result.Ocr) : TextDetections(result),
                _ => null,
            };
            if (value is not null)
            {
                members.Add((task, JsonText.Raw(value)));
            }
        }

        if (result.ImageHeight is { } height && result.ImageWidth is { } width)
        {
            members.Add(("imageHeight", height));
            members.Add(("imageWidth", width));
        }

        return JsonText.Of(members).ToString();
    }

    string Faces(IReadOnlyList<FaceResult> faces) => List(faces, (json, face) =>
    {
        json.Append("{\"boundingBox\":{");
        for (int i = 0; i < 4; i++)
        {
            json.Append(i == 0 ? "" : ",").Append('"').Append("x1y1x2y2", i * 2, 2).Append("\":");
            number(json, face.BoundingBox[i]);
        }

        json.Append("},\"embedding\":").Append(JsonText.Quote(ImmichJson.EmbeddingText(face.Embedding ?? []))).Append(",\"score\":");
        number(json, face.Score);
        json.Append('}');
    });

    string FaceDetections(IReadOnlyList<FaceResult> faces)
    {
        string boxes = List(faces, (json, face) => json.Append(Numbers(face.BoundingBox)));
        string scores = Numbers([.. faces.Select(face => face.Score)]);
        string landmarks = faces.Any(face => face.Landmarks is null)
            ? "null"
            : List(faces, (json, face) => json.Append(Points(face.Landmarks!)));
        return $"{{\"boxes\":{boxes},\"scores\":{scores},\"landmarks\":{landmarks}}}";
    }

    string Texts(OcrResult ocr)
    {
        string text = List(ocr.Text ?? [], static (json, line) => json.Append(JsonText.Quote(line)));
        string textScore = List(ocr.TextScore ?? [], JsonNumber.Append);
        return $"{{\"text\":{text},\"box\":{Numbers(ocr.Box)},\"boxScore\":{Numbers(ocr.BoxScore)},\"textScore\":{textScore}}}";
    }

    /// <summary>
    /// Here the original answers in source pixels, while the wire has boxes divided by the picture's size. Corners lie on whole pixels;
    /// a float32 divided and multiplied again does not always.
    /// </summary>
    string TextDetections(PredictResult result)
    {
        double width = result.ImageWidth ?? 1, height = result.ImageHeight ?? 1;
        float[] pixels = [.. result.Ocr!.Box.Select((value, i) => (float)Math.Round(value * (i % 2 == 0 ? width : height)))];
        string boxes = List<float[]>([.. pixels.Chunk(8)], (json, quad) => json.Append(Points(quad)));
        return $"{{\"boxes\":{boxes},\"scores\":{Numbers(result.Ocr.BoxScore)}}}";
    }

    string Points(float[] values) => List<float[]>([.. values.Chunk(2)], (json, point) => json.Append(Numbers(point)));

    string Numbers(float[] values) => List(values, number);

    public static string List<T>(IReadOnlyList<T> items, Action<StringBuilder, T> append)
    {
        var json = new StringBuilder("[");
        for (int i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                json.Append(',');
            }

            append(json, items[i]);
        }

        return json.Append(']').ToString();
    }
}
