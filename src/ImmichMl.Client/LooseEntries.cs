using System.Globalization;
using System.Text.Json;

namespace ImmichMl.Client;

/// <summary>Immich 2.7's reading of <c>entries</c>: any task, type and further key; an option that is known must be of its type.</summary>
static class LooseEntries
{
    public static IReadOnlyList<TaskEntry> Read(JsonElement entries) =>
    [
        .. from task in entries.LastMembers()
           from type in task.Value.LastMembers()
           select ReadEntry(task.Name, type.Name, type.Value),
    ];

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

    /// <summary>0.5, "0.5", and true for 1. Never "0,5".</summary>
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
}
