using System.Text.Json;

namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// Whether what an upstream said with 200 is an answer to what was asked: Immich would store anything that has the right key. Members
/// beside those asked for are passed over.
/// </summary>
static class AnswerCheck
{
    static readonly JsonDocumentOptions s_shallow = new() { MaxDepth = 16 };

    /// <summary>True where each task asked for has its result, in the form that Immich has it.</summary>
    public static bool Fits(ReadOnlyMemory<byte> json, IReadOnlyList<TaskEntry> tasks)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_shallow);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                && (tasks.Count > 0 ? tasks.All(task => HasResult(root, task, tasks)) : Has(root, "imageWidth", JsonValueKind.Number));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>True for <c>{"detail": …}</c>, which is how the original and we tell what is wrong with a request.</summary>
    public static bool IsFault(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_shallow);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("detail", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    static bool HasResult(JsonElement root, TaskEntry task, IReadOnlyList<TaskEntry> tasks)
    {
        bool isRead = tasks.Any(entry => entry.Task == task.Task && entry.Type == "recognition");
        return root.TryGetProperty(task.Task, out JsonElement result) && (task.Task, isRead) switch
        {
            ("clip", _) => IsEmbedding(result),
            ("facial-recognition", true) => result.ValueKind == JsonValueKind.Array && result.EnumerateArray().All(IsFace),
            ("facial-recognition", false) => Has(result, "boxes", JsonValueKind.Array) && Has(result, "scores", JsonValueKind.Array),
            ("ocr", true) => Counted(result, "text", 1, IsText) is { } lines && Counted(result, "box", 8, IsFinite) == lines
                && Counted(result, "boxScore", 1, IsFinite) == lines && Counted(result, "textScore", 1, IsFinite) == lines,
            ("ocr", false) => Has(result, "boxes", JsonValueKind.Array) && Has(result, "scores", JsonValueKind.Array),

            // A task that this version does not know: its form is between the caller and the upstream.
            _ => true,
        };
    }

    static bool Has(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind;

    static bool HasFinite(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && IsFinite(value);

    /// <returns>
    /// The array's length in units of <paramref name="each"/>; null where it is none, does not divide, or holds other things.
    /// </returns>
    static int? Counted(JsonElement parent, string name, int each, Predicate<JsonElement> fits) =>
        Has(parent, name, JsonValueKind.Array) && parent.GetProperty(name) is var array && array.GetArrayLength() % each == 0
            && array.EnumerateArray().All(element => fits(element)) ? array.GetArrayLength() / each : null;

    static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    /// <summary>JSON has no NaN, but 1e999 is a number there.</summary>
    static bool IsFinite(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && float.IsFinite((float)number);

    static bool IsFace(JsonElement face) =>
        face.ValueKind == JsonValueKind.Object
        && face.TryGetProperty("boundingBox", out JsonElement box)
        && ((string[])["x1", "y1", "x2", "y2"]).All(corner => HasFinite(box, corner))
        && HasFinite(face, "score")
        && face.TryGetProperty("embedding", out JsonElement embedding) && IsEmbedding(embedding);

    /// <summary>Numbers in a list, which Immich carries as a text and older versions carried as it is.</summary>
    static bool IsEmbedding(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            using JsonDocument inner = JsonDocument.Parse(value.GetString()!, s_shallow);
            return inner.RootElement.ValueKind == JsonValueKind.Array && IsEmbedding(inner.RootElement);
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            && value.EnumerateArray().All(IsFinite);
    }
}
