namespace ImmichMl.Protocol.Messages;

/// <summary>One task of a <see cref="PredictRequest"/>: which model is to do what, and how.</summary>
public sealed record TaskEntry
{
    /// <summary><c>clip</c>, <c>facial-recognition</c> or <c>ocr</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>visual</c>, <c>textual</c>, <c>detection</c> or <c>recognition</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The model's name, such as <c>ViT-B-32__openai</c>.</summary>
    public required string ModelName { get; init; }

    /// <summary>What belongs to this request alone.</summary>
    public TaskOptions Options { get; init; } = TaskOptions.None;

    static readonly MapCodec<TaskEntry> s_map = new MapCodec<TaskEntry>(new() { Task = "", Type = "", ModelName = "" })
        .Add("modelName", Codecs.Name, t => t.ModelName, (t, value) => t with { ModelName = value })
        .Maybe("options", TaskOptions.Map, t => t.Options == TaskOptions.None ? null : t.Options, (t, value) => t with { Options = value })
        .Check(t => t.ModelName.Length > 0 ? null : $"modelName of {t.Task} {t.Type} is missing.");

    internal void Write(ref MessagePackWriter writer)
    {
        writer.Write(Type);
        s_map.Write(ref writer, this);
    }

    internal static TaskEntry Read(ref MessagePackReader reader, string task)
    {
        string type = reader.ReadText("A type", Codecs.MaxNameBytes);
        return s_map.ReadFields(ref reader, new TaskEntry { Task = task, Type = type, ModelName = "" }, $"The entry of {task} {type}");
    }
}
