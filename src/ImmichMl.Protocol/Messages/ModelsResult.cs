using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>The result of <c>models</c>: one entry for each known model and type.</summary>
/// <param name="Models">In no particular order.</param>
public sealed record ModelsResult(IReadOnlyList<ModelStatus> Models) : Result
{
    internal override void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(1);
        writer.WriteString("models"u8);
        ModelStatus.WriteAll(ref writer, Models);
    }

    /// <summary>Reads the result's map.</summary>
    public static ModelsResult Read(ref MessagePackReader reader)
    {
        IReadOnlyList<ModelStatus> models = [];
        for (int left = reader.ReadMap("result"); left > 0; left--)
        {
            if (reader.ReadKey() == "models")
            {
                models = reader.ReadArray("models", ModelStatus.Read);
            }
            else
            {
                reader.Skip();
            }
        }

        return new ModelsResult(models);
    }
}

/// <summary>How one model stands.</summary>
public sealed record ModelStatus
{
    /// <summary><c>clip</c>, <c>facial-recognition</c> or <c>ocr</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>visual</c>, <c>textual</c>, <c>detection</c> or <c>recognition</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The model's name.</summary>
    public required string ModelName { get; init; }

    /// <summary><c>absent</c>, <c>cached</c>, <c>loading</c>, <c>loaded</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Bytes of its files in the cache.</summary>
    public long Bytes { get; init; }

    /// <summary>Where it runs, such as <c>cpu</c>; empty unless it is loaded.</summary>
    public string Device { get; init; } = "";

    /// <summary>Milliseconds since its last use; 0 unless it is loaded.</summary>
    public long IdleMs { get; init; }

    internal static void WriteAll(ref MessagePackWriter writer, IReadOnlyList<ModelStatus> models)
    {
        writer.WriteArrayHeader(models.Count);
        foreach (ModelStatus model in models)
        {
            model.Write(ref writer);
        }
    }

    void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(7);
        new ModelAddress(Task, Type, ModelName).Write(ref writer);
        writer.WriteString("state"u8);
        writer.Write(State);
        writer.WriteString("bytes"u8);
        writer.Write(Bytes);
        writer.WriteString("device"u8);
        writer.Write(Device);
        writer.WriteString("idleMs"u8);
        writer.Write(IdleMs);
    }

    internal static ModelStatus Read(ref MessagePackReader reader)
    {
        var model = new ModelStatus { Task = "", Type = "", ModelName = "", State = "" };
        for (int left = reader.ReadMap("A model"); left > 0; left--)
        {
            string key = reader.ReadKey();
            switch (key)
            {
                case "task":
                    model = model with { Task = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "type":
                    model = model with { Type = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "modelName":
                    model = model with { ModelName = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "state":
                    model = model with { State = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "bytes":
                    model = model with { Bytes = reader.ReadCount(key) };
                    break;
                case "device":
                    model = model with { Device = reader.ReadText(key, TaskEntry.MaxNameBytes) };
                    break;
                case "idleMs":
                    model = model with { IdleMs = reader.ReadCount(key) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return model;
    }
}
