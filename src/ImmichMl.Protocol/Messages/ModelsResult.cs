namespace ImmichMl.Protocol.Messages;

/// <summary>The result of <c>models</c>: one entry for each known model and type.</summary>
/// <param name="Models">In no particular order.</param>
public sealed record ModelsResult(IReadOnlyList<ModelStatus> Models) : Result
{
    static readonly MapCodec<ModelsResult> s_map = new MapCodec<ModelsResult>(new ModelsResult([]))
        .Add("models", ModelStatus.List, r => r.Models, (_, value) => new ModelsResult(value));

    internal override void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads the result's map.</summary>
    public static ModelsResult Read(ref MessagePackReader reader) => s_map.Read(ref reader, "result");
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

    /// <summary>
    /// What it calculates with on the CPU, loaded or once it is: <c>fp32</c>, <c>int8</c> or <c>int8-fast</c>; null from daemons that knew
    /// fp32 alone, and for models that are not in the cache.
    /// </summary>
    public string? Precision { get; init; }

    /// <summary>
    /// What its prepared copy reached against fp32, or why it is not in the precision that the settings ask for, in words; null: neither.
    /// </summary>
    public string? PrecisionNote { get; init; }

    /// <summary>Bytes of its prepared copy; 0: there is none.</summary>
    public long CopyBytes { get; init; }

    internal static readonly Codec<IReadOnlyList<ModelStatus>> List = Codecs.ListOf(
        new MapCodec<ModelStatus>(new() { Task = "", Type = "", ModelName = "", State = "" })
            .Add("task", Codecs.Name, m => m.Task, (m, value) => m with { Task = value })
            .Add("type", Codecs.Name, m => m.Type, (m, value) => m with { Type = value })
            .Add("modelName", Codecs.Name, m => m.ModelName, (m, value) => m with { ModelName = value })
            .Add("state", Codecs.Name, m => m.State, (m, value) => m with { State = value })
            .Add("bytes", Codecs.Count, m => m.Bytes, (m, value) => m with { Bytes = value })
            .Add("device", Codecs.Name, m => m.Device, (m, value) => m with { Device = value })
            .Add("idleMs", Codecs.Count, m => m.IdleMs, (m, value) => m with { IdleMs = value })
            .Maybe("precision", Codecs.Name, m => m.Precision, (m, value) => m with { Precision = value })
            .Maybe("precisionNote", Codecs.Text(maxBytes: 4096), m => m.PrecisionNote, (m, value) => m with { PrecisionNote = value })
            .Maybe("copyBytes", Codecs.Count, m => m.CopyBytes > 0 ? m.CopyBytes : null, (m, value) => m with { CopyBytes = value }),
        "A model");
}
