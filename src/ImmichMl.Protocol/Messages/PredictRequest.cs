using System.Buffers;
using MessagePack;

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
public sealed record PredictRequest : Request
{
    internal const string Name = "predict";
    const int MaxTextBytes = 1024 * 1024;
    const int MaxTasks = 16;

    // In the order of PROTOCOL.md, and so on the wire.
    static readonly string[] s_tasks = ["clip", "facial-recognition", "ocr"];
    static readonly string[] s_types = ["visual", "textual", "detection", "recognition"];

    /// <inheritdoc/>
    public override string Operation => Name;

    /// <summary>What to do, in any order. Empty: only the image's size is asked for.</summary>
    public required IReadOnlyList<TaskEntry> Tasks { get; init; }

    /// <summary>An encoded picture (JPEG, PNG, WebP, GIF or BMP), up to <c>limits.maxImageBytes</c>; null for a text.</summary>
    public ReadOnlySequence<byte>? Image { get; init; }

    /// <summary>A query, up to 1 MiB of UTF-8; null or empty for an image. Where both are given the image counts.</summary>
    public string? Text { get; init; }

    /// <summary>Null: a text is interactive, an image background.</summary>
    public Priority? Priority { get; init; }

    /// <summary>Milliseconds after arrival past which the request is not started any more.</summary>
    public long? DeadlineMs { get; init; }

    private protected override int OwnKeys =>
        1 + (Text is null ? 0 : 1) + (Priority is null ? 0 : 1) + (DeadlineMs is null ? 0 : 1) + (Image is null ? 0 : 1);

    /// <summary>Writes all but the image's bytes, which come last on the wire so that they need not be copied.</summary>
    private protected override void WriteOwn(ref MessagePackWriter writer)
    {
        writer.WriteString("tasks"u8);
        WriteTasks(ref writer);
        if (Text is not null)
        {
            writer.WriteString("text"u8);
            writer.Write(Text);
        }

        if (Priority is { } priority)
        {
            writer.WriteString("priority"u8);
            writer.WriteString(priority == Messages.Priority.Interactive ? "interactive"u8 : "background"u8);
        }

        if (DeadlineMs is { } deadline)
        {
            writer.WriteString("deadlineMs"u8);
            writer.Write(deadline);
        }

        if (Image is { } image)
        {
            writer.WriteString("image"u8);
            writer.WriteBinHeader(checked((int)image.Length));
        }
    }

    void WriteTasks(ref MessagePackWriter writer)
    {
        var tasks = Tasks.OrderBy(entry => Place(s_tasks, entry.Task)).ThenBy(entry => Place(s_types, entry.Type))
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
    static int Place(string[] order, string name) => Array.IndexOf(order, name) is >= 0 and var place ? place : order.Length;

    internal static PredictRequest Read(ref MessagePackReader reader, ulong id)
    {
        List<TaskEntry>? tasks = null;
        var request = new PredictRequest { Id = id, Tasks = [] };
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "tasks":
                    tasks = ReadTasks(ref reader);
                    break;
                case "text" or "priority" or "deadlineMs" when reader.TryReadNil():
                    break;
                case "image":
                    request = request with { Image = reader.ReadBinary("image") };
                    break;
                case "text":
                    string text = reader.ReadText("text", MaxTextBytes);
                    request = request with { Text = text.Length > 0 ? text : null };
                    break;
                case "priority":
                    request = request with { Priority = ReadPriority(ref reader) };
                    break;
                case "deadlineMs":
                    request = request with { DeadlineMs = reader.ReadCount("deadlineMs") };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return request with { Tasks = tasks ?? throw ProtocolException.Invalid("tasks is missing.") };
    }

    static List<TaskEntry> ReadTasks(ref MessagePackReader reader)
    {
        var entries = new List<TaskEntry>();
        int tasks = reader.ReadMap("tasks");
        if (tasks > MaxTasks)
        {
            throw ProtocolException.Invalid($"More than {MaxTasks} tasks.");
        }

        for (; tasks > 0; tasks--)
        {
            string task = reader.ReadText("A task", TaskEntry.MaxNameBytes);
            int types = reader.ReadMap($"Task {task}");
            if (types > MaxTasks)
            {
                throw ProtocolException.Invalid($"More than {MaxTasks} types of task {task}.");
            }

            for (; types > 0; types--)
            {
                string type = reader.ReadText("A type", TaskEntry.MaxNameBytes);
                entries.Add(TaskEntry.Read(ref reader, task, type));
            }
        }

        return entries;
    }

    static Priority ReadPriority(ref MessagePackReader reader) => reader.ReadText("priority", TaskEntry.MaxNameBytes) switch
    {
        "interactive" => Messages.Priority.Interactive,
        "background" => Messages.Priority.Background,
        string other => throw ProtocolException.Invalid($"priority '{other}' is neither 'interactive' nor 'background'."),
    };
}
