namespace ImmichMl.Protocol.Messages;

/// <summary>Whom a request yields to.</summary>
public enum Priority
{
    /// <summary>A person waits for it; goes first.</summary>
    Interactive,

    /// <summary>Part of a backlog.</summary>
    Background,
}

/// <summary>Asks models about one image or one text; answered with <see cref="PredictResult"/>.</summary>
public sealed record PredictRequest() : Request(Name)
{
    internal const string Name = "predict";
    const int MaxTextBytes = 1024 * 1024;
    const int MaxTasks = 16;
    const int MaxTraceBytes = 256;

    static readonly Codec<Priority> s_priority =
        Codecs.Choice(("interactive", Messages.Priority.Interactive), ("background", Messages.Priority.Background));

    // Only the header is written: the bytes come last on the wire, so that they are sent from where they lie.
    static readonly Codec<ReadOnlySequence<byte>> s_image = Codecs.Of(
        WireReading.ReadBinary, (ref writer, value) => writer.WriteBinHeader(checked((int)value.Length)));

    static readonly MapCodec<PredictRequest> s_map = new MapCodec<PredictRequest>(new() { Id = 0, Tasks = [] })
        .Add("tasks", Codecs.Of(ReadTasks, WriteTasks), r => r.Tasks, (r, value) => r with { Tasks = value }, needed: true)
        .Maybe("text", Codecs.Text(MaxTextBytes), r => r.Text, (r, value) => r with { Text = value.Length > 0 ? value : null }, orNil: true)
        .Maybe("priority", s_priority, r => r.Priority, (r, value) => r with { Priority = value }, orNil: true)
        .Maybe("deadlineMs", Codecs.Count, r => r.DeadlineMs, (r, value) => r with { DeadlineMs = value }, orNil: true)
        .Maybe("trace", Codecs.Text(MaxTraceBytes), r => r.Trace, (r, value) => r with { Trace = value }, orNil: true)
        .Maybe("image", s_image, r => r.Image, (r, value) => r with { Image = value });

    // In the order of PROTOCOL.md, and so on the wire.
    static readonly string[] s_tasks = ["clip", "facial-recognition", "ocr"];
    static readonly string[] s_types = ["visual", "textual", "detection", "recognition"];

    /// <summary>What to do, in any order, at most 16 tasks and 16 types in each. Empty: only the image's size is asked for.</summary>
    public required IReadOnlyList<TaskEntry> Tasks { get; init; }

    /// <summary>An encoded picture (JPEG, PNG, WebP, GIF or BMP), up to <c>limits.maxImageBytes</c>; null for a text.</summary>
    public ReadOnlySequence<byte>? Image { get; init; }

    /// <summary>A query, up to 1 MiB of UTF-8; null or empty for an image. Where both are given the image counts.</summary>
    public string? Text { get; init; }

    /// <summary>Null: a text is interactive, an image background.</summary>
    public Priority? Priority { get; init; }

    /// <summary>
    /// Milliseconds after the frame's arrival, 0 or more, past which the request is not started any more but answered
    /// <see cref="ErrorCode.DeadlineExceeded"/>; null: it waits as long as it takes.
    /// </summary>
    public long? DeadlineMs { get; init; }

    /// <summary>What the request is called elsewhere, for the daemon's log alone, up to 256 bytes; null: nothing.</summary>
    public string? Trace { get; init; }

    private protected override int OwnKeys => s_map.CountKeys(this);

    private protected override void WriteOwn(ref MessagePackWriter writer) => s_map.WriteFields(ref writer, this);

    internal static PredictRequest Read(ref MessagePackReader reader, ulong id) =>
        s_map.ReadFields(ref reader, new PredictRequest { Id = id, Tasks = [] }, "A payload");

    static void WriteTasks(ref MessagePackWriter writer, IReadOnlyList<TaskEntry> entries)
    {
        var tasks = entries.OrderBy(entry => Rank(s_tasks, entry.Task)).ThenBy(entry => Rank(s_types, entry.Type))
            .GroupBy(entry => entry.Task, StringComparer.Ordinal).ToList();
        writer.WriteMapHeader(tasks.Count);
        foreach (IGrouping<string, TaskEntry> task in tasks)
        {
            writer.Write(task.Key);
            writer.WriteMapHeader(task.Count());
            foreach (TaskEntry entry in task)
            {
                entry.Write(ref writer);
            }
        }
    }

    /// <summary>Names that we do not know come last.</summary>
    static int Rank(string[] order, string name) => Array.IndexOf(order, name) is >= 0 and var rank ? rank : order.Length;

    static IReadOnlyList<TaskEntry> ReadTasks(ref MessagePackReader reader, string what)
    {
        var entries = new List<TaskEntry>();
        int tasks = reader.ReadMap(what);
        if (tasks > MaxTasks)
        {
            throw ProtocolException.Invalid($"More than {MaxTasks} tasks.");
        }

        for (; tasks > 0; tasks--)
        {
            string task = reader.ReadText("A task", Codecs.MaxNameBytes);
            int types = reader.ReadMap($"Task {task}");
            if (types > MaxTasks)
            {
                throw ProtocolException.Invalid($"More than {MaxTasks} types of task {task}.");
            }

            for (; types > 0; types--)
            {
                entries.Add(TaskEntry.Read(ref reader, task));
            }
        }

        return entries;
    }
}
