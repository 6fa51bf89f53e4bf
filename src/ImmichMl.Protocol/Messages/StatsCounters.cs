using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>How often a model's requests were answered with a code.</summary>
/// <param name="Model">The model.</param>
/// <param name="Code"><c>ok</c> or an error code.</param>
/// <param name="Count">Answers since the start.</param>
public readonly record struct RequestCount(ModelAddress Model, string Code, long Count)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(5);
        Model.Write(ref writer);
        writer.WriteString("code"u8);
        writer.Write(Code);
        writer.WriteString("count"u8);
        writer.Write(Count);
    }

    internal static RequestCount Read(ref MessagePackReader reader)
    {
        MessagePackReader again = reader;
        var count = new RequestCount(ModelAddress.Read(ref reader), "", 0);
        for (int left = again.ReadMap("A count"); left > 0; left--)
        {
            switch (again.ReadKey())
            {
                case "code":
                    count = count with { Code = again.ReadText("code", TaskEntry.MaxNameBytes) };
                    break;
                case "count":
                    count = count with { Count = again.ReadCount("count") };
                    break;
                default:
                    again.Skip();
                    break;
            }
        }

        return count;
    }
}

/// <summary>Requests that wait.</summary>
/// <param name="Interactive">Of the interactive lane.</param>
/// <param name="Background">Of the background lane.</param>
public readonly record struct QueueDepth(int Interactive, int Background)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(2);
        writer.WriteString("interactive"u8);
        writer.Write(Interactive);
        writer.WriteString("background"u8);
        writer.Write(Background);
    }

    internal static QueueDepth Read(ref MessagePackReader reader)
    {
        QueueDepth depth = default;
        for (int left = reader.ReadMap("queue"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "interactive":
                    depth = depth with { Interactive = (int)reader.ReadCount("interactive", int.MaxValue) };
                    break;
                case "background":
                    depth = depth with { Background = (int)reader.ReadCount("background", int.MaxValue) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return depth;
    }
}

/// <summary>The daemon's memory, in bytes.</summary>
/// <param name="RssBytes">Resident.</param>
/// <param name="AnonBytes">Resident and anonymous: what the kernel cannot drop.</param>
/// <param name="ArenaBytes">Held by ONNX Runtime's arenas.</param>
public readonly record struct MemoryUse(long RssBytes, long AnonBytes, long ArenaBytes)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(3);
        writer.WriteString("rssBytes"u8);
        writer.Write(RssBytes);
        writer.WriteString("anonBytes"u8);
        writer.Write(AnonBytes);
        writer.WriteString("arenaBytes"u8);
        writer.Write(ArenaBytes);
    }

    internal static MemoryUse Read(ref MessagePackReader reader)
    {
        MemoryUse memory = default;
        for (int left = reader.ReadMap("memory"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "rssBytes":
                    memory = memory with { RssBytes = reader.ReadCount("rssBytes") };
                    break;
                case "anonBytes":
                    memory = memory with { AnonBytes = reader.ReadCount("anonBytes") };
                    break;
                case "arenaBytes":
                    memory = memory with { ArenaBytes = reader.ReadCount("arenaBytes") };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return memory;
    }
}

/// <summary>A download under way.</summary>
/// <param name="ModelName">The model that is fetched.</param>
/// <param name="Bytes">Bytes that have arrived.</param>
/// <param name="TotalBytes">Bytes to come in all; 0 while that is not known.</param>
public readonly record struct DownloadProgress(string ModelName, long Bytes, long TotalBytes)
{
    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(3);
        writer.WriteString("modelName"u8);
        writer.Write(ModelName);
        writer.WriteString("bytes"u8);
        writer.Write(Bytes);
        writer.WriteString("totalBytes"u8);
        writer.Write(TotalBytes);
    }

    internal static DownloadProgress Read(ref MessagePackReader reader)
    {
        var progress = new DownloadProgress("", 0, 0);
        for (int left = reader.ReadMap("A download"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "modelName":
                    progress = progress with { ModelName = reader.ReadText("modelName", TaskEntry.MaxNameBytes) };
                    break;
                case "bytes":
                    progress = progress with { Bytes = reader.ReadCount("bytes") };
                    break;
                case "totalBytes":
                    progress = progress with { TotalBytes = reader.ReadCount("totalBytes") };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return progress;
    }
}
