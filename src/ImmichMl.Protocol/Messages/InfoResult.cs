using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>The result of <c>info</c>: who answers, and within which limits.</summary>
public sealed record InfoResult : Result
{
    const int MaxTextBytes = 64 * 1024;

    /// <summary>The daemon's version.</summary>
    public required string Version { get; init; }

    /// <summary>The protocol's version.</summary>
    public required int Protocol { get; init; }

    /// <summary>The daemon's process id.</summary>
    public required int Pid { get; init; }

    /// <summary>Milliseconds since it began to listen.</summary>
    public required long UptimeMs { get; init; }

    /// <summary>False while preloading and while stopping.</summary>
    public required bool Ready { get; init; }

    /// <summary>ONNX Runtime's execution providers, in order of preference.</summary>
    public required IReadOnlyList<string> Providers { get; init; }

    /// <summary>The devices in use.</summary>
    public required IReadOnlyList<DeviceInfo> Devices { get; init; }

    /// <summary>How cores are shared out, in words.</summary>
    public required string Threads { get; init; }

    /// <summary>What a peer must stay within.</summary>
    public required LimitsInfo Limits { get; init; }

    /// <summary>In words: which libraries and devices were found or not and why, and what runs where; absent on the wire where there is nothing to say.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    internal override void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(Remarks.Count > 0 ? 10 : 9);
        writer.WriteString("version"u8);
        writer.Write(Version);
        writer.WriteString("protocol"u8);
        writer.Write(Protocol);
        writer.WriteString("pid"u8);
        writer.Write(Pid);
        writer.WriteString("uptimeMs"u8);
        writer.Write(UptimeMs);
        writer.WriteString("ready"u8);
        writer.Write(Ready);
        writer.WriteString("providers"u8);
        writer.WriteArrayHeader(Providers.Count);
        foreach (string provider in Providers)
        {
            writer.Write(provider);
        }

        writer.WriteString("devices"u8);
        writer.WriteArrayHeader(Devices.Count);
        foreach (DeviceInfo device in Devices)
        {
            device.Write(ref writer);
        }

        writer.WriteString("threads"u8);
        writer.Write(Threads);
        writer.WriteString("limits"u8);
        Limits.Write(ref writer);
        if (Remarks.Count > 0)
        {
            writer.WriteString("remarks"u8);
            writer.WriteArrayHeader(Remarks.Count);
            foreach (string remark in Remarks)
            {
                writer.Write(remark);
            }
        }
    }

    /// <summary>Reads the result's map.</summary>
    public static InfoResult Read(ref MessagePackReader reader)
    {
        var info = new InfoResult
        {
            Version = "", Protocol = 0, Pid = 0, UptimeMs = 0, Ready = false, Providers = [], Devices = [], Threads = "", Limits = new LimitsInfo(),
        };
        for (int left = reader.ReadMap("result"); left > 0; left--)
        {
            string key = reader.ReadKey();
            switch (key)
            {
                case "version":
                    info = info with { Version = reader.ReadText(key, MaxTextBytes) };
                    break;
                case "protocol":
                    info = info with { Protocol = (int)reader.ReadCount(key, int.MaxValue) };
                    break;
                case "pid":
                    info = info with { Pid = (int)reader.ReadCount(key, int.MaxValue) };
                    break;
                case "uptimeMs":
                    info = info with { UptimeMs = reader.ReadCount(key) };
                    break;
                case "ready":
                    info = info with { Ready = reader.ReadFlag(key) };
                    break;
                case "providers":
                    info = info with { Providers = reader.ReadArray(key, (ref item) => item.ReadText("A provider", MaxTextBytes)) };
                    break;
                case "devices":
                    info = info with { Devices = reader.ReadArray(key, DeviceInfo.Read) };
                    break;
                case "threads":
                    info = info with { Threads = reader.ReadText(key, MaxTextBytes) };
                    break;
                case "limits":
                    info = info with { Limits = LimitsInfo.Read(ref reader) };
                    break;
                case "remarks":
                    info = info with { Remarks = reader.ReadArray(key, (ref item) => item.ReadText("A remark", MaxTextBytes)) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return info;
    }
}
