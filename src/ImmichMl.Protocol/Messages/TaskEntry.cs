using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>One task of a <see cref="PredictRequest"/>: which model is to do what, and how.</summary>
public sealed record TaskEntry
{
    internal const int MaxNameBytes = 256;

    /// <summary><c>clip</c>, <c>facial-recognition</c> or <c>ocr</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>visual</c>, <c>textual</c>, <c>detection</c> or <c>recognition</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The model's name, such as <c>ViT-B-32__openai</c>.</summary>
    public required string ModelName { get; init; }

    /// <summary>What belongs to this request alone.</summary>
    public TaskOptions Options { get; init; } = TaskOptions.None;

    internal void Write(ref MessagePackWriter writer)
    {
        writer.Write(Type);
        writer.WriteMapHeader(Options == TaskOptions.None ? 1 : 2);
        writer.WriteString("modelName"u8);
        writer.Write(ModelName);
        if (Options != TaskOptions.None)
        {
            writer.WriteString("options"u8);
            Options.Write(ref writer);
        }
    }

    internal static TaskEntry Read(ref MessagePackReader reader, string task, string type)
    {
        string? modelName = null;
        TaskOptions options = TaskOptions.None;
        for (int left = reader.ReadMap($"The entry of {task} {type}"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "modelName":
                    modelName = reader.ReadText("modelName", MaxNameBytes);
                    break;
                case "options":
                    options = TaskOptions.Read(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return string.IsNullOrEmpty(modelName)
            ? throw ProtocolException.Invalid($"modelName of {task} {type} is missing.")
            : new TaskEntry { Task = task, Type = type, ModelName = modelName, Options = options };
    }
}
