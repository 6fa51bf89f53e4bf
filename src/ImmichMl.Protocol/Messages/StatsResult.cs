using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>The result of <c>stats</c>: counters and histograms since the start, and how things stand now.</summary>
public sealed record StatsResult : Result
{
    /// <summary>Answered requests by model and code.</summary>
    public required IReadOnlyList<RequestCount> Requests { get; init; }

    /// <summary>Latency by model and stage.</summary>
    public required IReadOnlyList<LatencyHistogram> Latency { get; init; }

    /// <summary>Requests that wait now.</summary>
    public required QueueDepth Queue { get; init; }

    /// <summary>As <see cref="ModelsResult"/>.</summary>
    public required IReadOnlyList<ModelStatus> Models { get; init; }

    /// <summary>The daemon's memory now.</summary>
    public required MemoryUse Memory { get; init; }

    /// <summary>Downloads under way.</summary>
    public required IReadOnlyList<DownloadProgress> Downloads { get; init; }

    /// <summary>Accelerators; absent on the wire where there is none.</summary>
    public IReadOnlyList<DeviceUse> Devices { get; init; } = [];

    /// <summary>The daemon's managed memory since the start; null where it does not say.</summary>
    public RuntimeUse? Runtime { get; init; }

    internal override void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(6 + (Devices.Count > 0 ? 1 : 0) + (Runtime is null ? 0 : 1));
        writer.WriteString("requests"u8);
        writer.WriteArrayHeader(Requests.Count);
        foreach (RequestCount count in Requests)
        {
            count.Write(ref writer);
        }

        writer.WriteString("latency"u8);
        writer.WriteArrayHeader(Latency.Count);
        foreach (LatencyHistogram histogram in Latency)
        {
            histogram.Write(ref writer);
        }

        writer.WriteString("queue"u8);
        Queue.Write(ref writer);
        writer.WriteString("models"u8);
        ModelStatus.WriteAll(ref writer, Models);
        writer.WriteString("memory"u8);
        Memory.Write(ref writer);
        writer.WriteString("downloads"u8);
        writer.WriteArrayHeader(Downloads.Count);
        foreach (DownloadProgress download in Downloads)
        {
            download.Write(ref writer);
        }

        if (Devices.Count > 0)
        {
            writer.WriteString("devices"u8);
            writer.WriteArrayHeader(Devices.Count);
            foreach (DeviceUse device in Devices)
            {
                device.Write(ref writer);
            }
        }

        if (Runtime is not null)
        {
            writer.WriteString("runtime"u8);
            Runtime.Write(ref writer);
        }
    }

    /// <summary>Reads the result's map.</summary>
    public static StatsResult Read(ref MessagePackReader reader)
    {
        var stats = new StatsResult
        {
            Requests = [], Latency = [], Queue = default, Models = [], Memory = default, Downloads = [],
        };
        for (int left = reader.ReadMap("result"); left > 0; left--)
        {
            string key = reader.ReadKey();
            switch (key)
            {
                case "requests":
                    stats = stats with { Requests = reader.ReadArray(key, RequestCount.Read) };
                    break;
                case "latency":
                    stats = stats with { Latency = reader.ReadArray(key, LatencyHistogram.Read) };
                    break;
                case "queue":
                    stats = stats with { Queue = QueueDepth.Read(ref reader) };
                    break;
                case "models":
                    stats = stats with { Models = reader.ReadArray(key, ModelStatus.Read) };
                    break;
                case "memory":
                    stats = stats with { Memory = MemoryUse.Read(ref reader) };
                    break;
                case "downloads":
                    stats = stats with { Downloads = reader.ReadArray(key, DownloadProgress.Read) };
                    break;
                case "devices":
                    stats = stats with { Devices = reader.ReadArray(key, DeviceUse.Read) };
                    break;
                case "runtime":
                    stats = stats with { Runtime = RuntimeUse.Read(ref reader) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return stats;
    }
}
