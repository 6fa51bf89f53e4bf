using System.Text.Json;

namespace ImmichMl.Client;

/// <summary>Immich's own JSON: <c>entries</c> in, the answer of <c>/predict</c> out, as one of two generations has it.</summary>
public sealed class ImmichJson
{
    /// <summary>The name of 2.7's rules, in settings and in <c>info</c>.</summary>
    public const string OlderRules = "2.7";

    /// <summary>The name of 3.3's.</summary>
    public const string NewerRules = "3.3";

    /// <summary>
    /// Immich 2.7's: tasks that it does not know are for the daemon to refuse, an answer's tasks stand as they were asked for, and most of
    /// its numbers are float32 written as float64.
    /// </summary>
    public static readonly ImmichJson Older = new(
        LooseEntries.Read, new ImmichAnswer((json, value) => JsonNumber.Append(json, (double)value), order: null),
        answersSizeAlone: true);

    /// <summary>Immich 3.3's: what it does not know is refused, an answer's tasks have their own order, its numbers are float32.</summary>
    public static readonly ImmichJson Newer = new(
        StrictEntries.Read, new ImmichAnswer(JsonNumber.Append, ["clip", "facial-recognition", "ocr"]), answersSizeAlone: false);

    readonly Func<JsonElement, IReadOnlyList<TaskEntry>> _read;
    readonly ImmichAnswer _answer;

    ImmichJson(Func<JsonElement, IReadOnlyList<TaskEntry>> read, ImmichAnswer answer, bool answersSizeAlone) =>
        (_read, _answer, AnswersSizeAlone) = (read, answer, answersSizeAlone);

    /// <summary>Entries without a task ask for the picture's size; otherwise they are no request.</summary>
    public bool AnswersSizeAlone { get; }

    /// <param name="rules">2.7 or 3.3, as settings and <c>info</c> name them; null, from an older daemon, counts as 2.7.</param>
    public static ImmichJson Of(string? rules) => rules == NewerRules ? Newer : Older;

    /// <summary>Reads <c>{task: {type: {"modelName": name, "options": {…}}}}</c>.</summary>
    /// <exception cref="FormatException">It is not JSON, or not of that form.</exception>
    public IReadOnlyList<TaskEntry> ReadEntries(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            return _read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FormatException("Invalid request format.", e);
        }
    }

    /// <summary>Writes the answer with a key for each task asked for, then <c>imageHeight</c> and <c>imageWidth</c>.</summary>
    /// <param name="tasks">What was asked for.</param>
    /// <param name="result">What was answered.</param>
    public string Write(IReadOnlyList<TaskEntry> tasks, PredictResult result)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentNullException.ThrowIfNull(result);
        return _answer.Write(tasks, result);
    }

    /// <summary>An embedding as Immich carries it: a JSON array of float32 in shortest form, itself inside a string.</summary>
    public static string EmbeddingText(IReadOnlyList<float> embedding) => ImmichAnswer.List(embedding, JsonNumber.Append);
}
