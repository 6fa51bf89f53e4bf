using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>Which model of which task and type, as <c>load</c> and <c>unload</c> name it.</summary>
/// <param name="Task"><c>clip</c>, <c>facial-recognition</c> or <c>ocr</c>.</param>
/// <param name="Type"><c>visual</c>, <c>textual</c>, <c>detection</c> or <c>recognition</c>.</param>
/// <param name="ModelName">The model's name, such as <c>ViT-B-32__openai</c>.</param>
public readonly record struct ModelAddress(string Task, string Type, string ModelName)
{
    internal const int Keys = 3;

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteString("task"u8);
        writer.Write(Task);
        writer.WriteString("type"u8);
        writer.Write(Type);
        writer.WriteString("modelName"u8);
        writer.Write(ModelName);
    }

    internal static ModelAddress Read(ref MessagePackReader reader)
    {
        string? task = null;
        string? type = null;
        string? modelName = null;
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "task":
                    task = reader.ReadText("task", TaskEntry.MaxNameBytes);
                    break;
                case "type":
                    type = reader.ReadText("type", TaskEntry.MaxNameBytes);
                    break;
                case "modelName":
                    modelName = reader.ReadText("modelName", TaskEntry.MaxNameBytes);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return string.IsNullOrEmpty(task) || string.IsNullOrEmpty(type) || string.IsNullOrEmpty(modelName)
            ? throw ProtocolException.Invalid("task, type and modelName are needed.")
            : new ModelAddress(task, type, modelName);
    }
}

/// <summary>Loads a model; answered with <see cref="EmptyResult"/> once it is loaded.</summary>
public sealed record LoadRequest : Request
{
    internal const string Name = "load";

    /// <inheritdoc/>
    public override string Operation => Name;

    /// <summary>The model to load.</summary>
    public required ModelAddress Model { get; init; }

    private protected override int OwnKeys => ModelAddress.Keys;

    private protected override void WriteOwn(ref MessagePackWriter writer) => Model.Write(ref writer);

    internal static LoadRequest Read(ref MessagePackReader reader, ulong id) => new() { Id = id, Model = ModelAddress.Read(ref reader) };
}

/// <summary>Unloads a model; answered with <see cref="EmptyResult"/> once its memory is given back.</summary>
public sealed record UnloadRequest : Request
{
    internal const string Name = "unload";

    /// <inheritdoc/>
    public override string Operation => Name;

    /// <summary>The model to unload.</summary>
    public required ModelAddress Model { get; init; }

    private protected override int OwnKeys => ModelAddress.Keys;

    private protected override void WriteOwn(ref MessagePackWriter writer) => Model.Write(ref writer);

    internal static UnloadRequest Read(ref MessagePackReader reader, ulong id) => new() { Id = id, Model = ModelAddress.Read(ref reader) };
}
