using System.Text.Json;

namespace ImmichMl.Client;

/// <summary>
/// Immich 3.3's reading of <c>entries</c>: its own tasks and types, <c>modelName</c> and <c>options</c> in each and nothing else. A type
/// that is null counts as absent. Options that a type does not have are ignored, those that it has must be of their type.
/// </summary>
static class StrictEntries
{
    delegate TaskOptions ReadOption(TaskOptions options, JsonElement value);

    static readonly ReadOption s_minScore = (options, value) => options with { MinScore = LaxValue.Number(value) };

    // Under 0 is a size as 0 is: the smallest that there is.
    static readonly ReadOption s_maxResolution =
        (options, value) => options with { MaxResolution = (int)Math.Clamp(LaxValue.WholeNumber(value), 0, int.MaxValue) };

    static readonly ReadOption s_language = (options, value) => options with { Language = value.GetString() };

    static readonly Dictionary<string, Dictionary<string, Dictionary<string, ReadOption>>> s_tasks = new()
    {
        ["clip"] = new() { ["visual"] = [], ["textual"] = new() { ["language"] = s_language } },
        ["facial-recognition"] = new() { ["detection"] = new() { ["minScore"] = s_minScore }, ["recognition"] = [] },
        ["ocr"] = new()
        {
            ["detection"] = new() { ["minScore"] = s_minScore, ["maxResolution"] = s_maxResolution },
            ["recognition"] = new() { ["minScore"] = s_minScore },
        },
    };

    /// <exception cref="KeyNotFoundException">A task or a type is unknown, or a model's name is missing.</exception>
    public static IReadOnlyList<TaskEntry> Read(JsonElement entries) =>
    [
        .. from task in entries.LastMembers()
           let types = s_tasks[task.Name]
           from type in task.Value.LastMembers()
           let known = types[type.Name]
           where type.Value.ValueKind != JsonValueKind.Null
           select ReadEntry(task.Name, type.Name, type.Value, known),
    ];

    static TaskEntry ReadEntry(string task, string type, JsonElement entry, Dictionary<string, ReadOption> known)
    {
        if (entry.EnumerateObject().Any(member => member.Name is not ("modelName" or "options")))
        {
            throw new FormatException("A type has a key of another name.");
        }

        string modelName = entry.GetProperty("modelName").GetString() ?? throw new FormatException("modelName is null.");
        TaskOptions options = entry.TryGetProperty("options", out JsonElement given) ? ReadOptions(given, known) : TaskOptions.None;
        return new TaskEntry { Task = task, Type = type, ModelName = modelName, Options = options };
    }

    static TaskOptions ReadOptions(JsonElement options, Dictionary<string, ReadOption> known) => options.LastMembers()
        .Aggregate(TaskOptions.None, (read, option) => known.GetValueOrDefault(option.Name)?.Invoke(read, option.Value) ?? read);
}
