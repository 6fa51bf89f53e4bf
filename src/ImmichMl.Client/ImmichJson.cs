using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ImmichMl.Client;

/// <summary>Immich's own JSON for the same things: <c>entries</c> in, the answer of <c>/predict</c> out.</summary>
public static class ImmichJson
{
    /// <summary>Reads <c>{task: {type: {"modelName": name, "options": {…}}}}</c>.</summary>
    /// <exception cref="FormatException">It is not JSON, or not of that form.</exception>
    public static IReadOnlyList<TaskEntry> ReadEntries(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            return
            [
                .. from task in Members(document.RootElement)
                   from type in Members(task.Value)
                   select ReadEntry(task.Name, type.Name, type.Value),
            ];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FormatException("Invalid request format.", e);
        }
    }

    /// <summary>Of two of a name the last counts, as for Python.</summary>
    static IEnumerable<JsonProperty> Members(JsonElement element) =>
        element.EnumerateObject().GroupBy(member => member.Name, StringComparer.Ordinal).Select(named => named.Last());

    static TaskEntry ReadEntry(string task, string type, JsonElement entry)
    {
        string modelName = entry.GetProperty("modelName").GetString() ?? throw new FormatException("modelName is null.");
        TaskOptions options = entry.TryGetProperty("options", out JsonElement given) ? ReadOptions(given) : TaskOptions.None;
        return new TaskEntry { Task = task, Type = type, ModelName = modelName, Options = options };
    }

    static TaskOptions ReadOptions(JsonElement options)
    {
        TaskOptions read = TaskOptions.None;
        foreach (JsonProperty option in options.EnumerateObject())
        {
            read = option.Name switch
            {
                "minScore" => read with { MinScore = Number(option.Value) },
                "maxResolution" => read with { MaxResolution = WholeNumber(option.Value) },
                "scoreMode" => read with { ScoreMode = option.Value.GetString() },
                "language" => read with { Language = option.Value.GetString() },
                _ => read,
            };
        }

        return read;
    }

    /// <summary>As the original's reader takes it (pydantic, not strict): 0.5, "0.5", and true for 1. Never "0,5".</summary>
    static double Number(JsonElement value)
    {
        double number = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.String when
                double.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double read) => read,
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            _ => double.NaN,
        };
        return double.IsFinite(number) ? number : throw new FormatException("An option is no number.");
    }

    /// <summary>736.0 is one. What is under 0, or does not fit an int, becomes the nearest that is a size.</summary>
    static int WholeNumber(JsonElement value) => Number(value) is var number && Math.Floor(number) == number
        ? (int)Math.Clamp(number, 0, int.MaxValue)
        : throw new FormatException("An option is no whole number.");

    /// <summary>Writes the answer with a key for each task asked for, then <c>imageHeight</c> and <c>imageWidth</c>.</summary>
    /// <param name="tasks">What was asked for.</param>
    /// <param name="result">What was answered.</param>
    public static string Write(IReadOnlyList<TaskEntry> tasks, PredictResult result)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentNullException.ThrowIfNull(result);
        var members = new List<(string, JsonText)>();
        foreach (string task in tasks.Select(entry => entry.Task).Distinct(StringComparer.Ordinal))
        {
            bool recognized = tasks.Any(entry => entry.Task == task && entry.Type == "recognition");
            string? value = task switch
            {
                "clip" when result.Clip is not null => JsonText.Quote(EmbeddingText(result.Clip)),
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

    /// <summary>An embedding as Immich carries it: a JSON array of float32 in shortest form, itself inside a string.</summary>
    public static string EmbeddingText(IReadOnlyList<float> embedding) => List(embedding, JsonNumber.Append);

    static string Faces(IReadOnlyList<FaceResult> faces) => List(faces, static (json, face) =>
    {
        json.Append("{\"boundingBox\":{");
        for (int i = 0; i < 4; i++)
        {
            json.Append(i == 0 ? "" : ",").Append('"').Append("x1y1x2y2", i * 2, 2).Append("\":");
            JsonNumber.Append(json, (double)face.BoundingBox[i]);
        }

        json.Append("},\"embedding\":").Append(JsonText.Quote(EmbeddingText(face.Embedding ?? []))).Append(",\"score\":");
        JsonNumber.Append(json, (double)face.Score);
        json.Append('}');
    });

    static string FaceDetections(IReadOnlyList<FaceResult> faces)
    {
        string boxes = List(faces, static (json, face) => json.Append(Doubles(face.BoundingBox)));
        string scores = List(faces, static (json, face) => JsonNumber.Append(json, (double)face.Score));
        string landmarks = faces.Any(face => face.Landmarks is null)
            ? "null"
            : List(faces, static (json, face) => json.Append(Points(face.Landmarks!, x => x, y => y)));
        return $"{{\"boxes\":{boxes},\"scores\":{scores},\"landmarks\":{landmarks}}}";
    }

    static string Texts(OcrResult ocr)
    {
        string text = List(ocr.Text ?? [], static (json, line) => json.Append(JsonText.Quote(line)));
        string textScore = List(ocr.TextScore ?? [], JsonNumber.Append);
        return $"{{\"text\":{text},\"box\":{Doubles(ocr.Box)},\"boxScore\":{Doubles(ocr.BoxScore)},\"textScore\":{textScore}}}";
    }

    /// <summary>
    /// Here the original answers in source pixels, while the wire has boxes divided by the picture's size. Corners lie on whole pixels;
    /// a float32 divided and multiplied again does not always.
    /// </summary>
    static string TextDetections(PredictResult result)
    {
        float[][] quads = [.. result.Ocr!.Box.Chunk(8)];
        string boxes = List(quads, (json, quad) => json.Append(Points(
            quad, x => Math.Round(x * (result.ImageWidth ?? 1)), y => Math.Round(y * (result.ImageHeight ?? 1)))));
        return $"{{\"boxes\":{boxes},\"scores\":{Doubles(result.Ocr.BoxScore)}}}";
    }

    static string Points(float[] values, Func<double, double> mapX, Func<double, double> mapY) =>
        List([.. values.Chunk(2)], (json, point) => json.Append(List([mapX(point[0]), mapY(point[1])], JsonNumber.Append)));

    static string Doubles(float[] values) => List(values, static (json, value) => JsonNumber.Append(json, (double)value));

    static string List<T>(IReadOnlyList<T> items, Action<StringBuilder, T> append)
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
