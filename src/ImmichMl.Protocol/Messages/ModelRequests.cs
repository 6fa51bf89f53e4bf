namespace ImmichMl.Protocol.Messages;

/// <summary>Which model of which task and type, as <c>load</c> and <c>unload</c> name it.</summary>
/// <param name="Task"><c>clip</c>, <c>facial-recognition</c> or <c>ocr</c>.</param>
/// <param name="Type"><c>visual</c>, <c>textual</c>, <c>detection</c> or <c>recognition</c>.</param>
/// <param name="ModelName">The model's name, such as <c>ViT-B-32__openai</c>.</param>
public sealed record ModelAddress(string Task, string Type, string ModelName)
{
    /// <summary>What a message has before its fields are read.</summary>
    internal static readonly ModelAddress None = new("", "", "");
}

/// <summary>Asks something of one model.</summary>
public abstract record ModelRequest : Request
{
    static readonly MapCodec<ModelRequest> s_map =
        new MapCodec<ModelRequest>(new LoadRequest { Id = 0, Model = ModelAddress.None })
            .AddModel(r => r.Model, (r, value) => r with { Model = value });

    private protected ModelRequest(string operation)
        : base(operation)
    {
    }

    /// <summary>The model.</summary>
    public required ModelAddress Model { get; init; }

    private protected override int OwnKeys => s_map.CountKeys(this);

    private protected override void WriteOwn(ref MessagePackWriter writer) => s_map.WriteFields(ref writer, this);

    internal static ModelRequest Read(ref MessagePackReader reader, ModelRequest start) => s_map.ReadFields(ref reader, start, "A payload");
}

/// <summary>Loads a model; answered with <see cref="EmptyResult"/> once it is loaded.</summary>
public sealed record LoadRequest() : ModelRequest(Name)
{
    internal const string Name = "load";
}

/// <summary>Unloads a model; answered with <see cref="EmptyResult"/> once its memory is given back.</summary>
public sealed record UnloadRequest() : ModelRequest(Name)
{
    internal const string Name = "unload";
}

static class ModelFields
{
    /// <summary>The three keys of a model, which stand beside a map's other keys and are all needed.</summary>
    public static MapCodec<T> AddModel<T>(this MapCodec<T> map, Func<T, ModelAddress> get, Func<T, ModelAddress, T> with) => map
        .Add("task", Codecs.Name, item => get(item).Task, (item, value) => with(item, get(item) with { Task = value }))
        .Add("type", Codecs.Name, item => get(item).Type, (item, value) => with(item, get(item) with { Type = value }))
        .Add("modelName", Codecs.Name, item => get(item).ModelName, (item, value) => with(item, get(item) with { ModelName = value }))
        .Check(item => get(item) is { Task.Length: > 0, Type.Length: > 0, ModelName.Length: > 0 }
            ? null
            : "task, type and modelName are needed.");
}
