namespace ImmichMl.Protocol.Messages;

/// <summary>The result of <c>info</c>: who answers, and within which limits.</summary>
public sealed record InfoResult : Result
{
    static readonly Codec<string> s_text = Codecs.Text(maxBytes: 64 * 1024);

    /// <summary>The daemon's version, such as <c>0.1.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The protocol's version, 1.</summary>
    public required int Protocol { get; init; }

    /// <summary>The daemon's process id.</summary>
    public required int Pid { get; init; }

    /// <summary>Milliseconds since it began to listen.</summary>
    public required long UptimeMs { get; init; }

    /// <summary>False while preloading and while stopping.</summary>
    public required bool Ready { get; init; }

    /// <summary>ONNX Runtime's execution providers by its names, in order of preference.</summary>
    public required IReadOnlyList<string> Providers { get; init; }

    /// <summary>The devices in use.</summary>
    public required IReadOnlyList<DeviceInfo> Devices { get; init; }

    /// <summary>How cores are shared out, in words.</summary>
    public required string Threads { get; init; }

    /// <summary>What a peer must stay within.</summary>
    public required LimitsInfo Limits { get; init; }

    /// <summary>Which libraries and devices were found or not and why, and what runs where, in words; as a rule empty.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>The Immich whose numbers come out, <c>3.3</c> or <c>2.7</c>; null from daemons that knew only 2.7's.</summary>
    public string? Rules { get; init; }

    /// <summary>What there is of memory and how it is shared out, in words; null where the daemon does not say.</summary>
    public string? Memory { get; init; }

    static readonly MapCodec<InfoResult> s_map = new MapCodec<InfoResult>(new()
    {
        Version = "", Protocol = 0, Pid = 0, UptimeMs = 0, Ready = false, Providers = [], Devices = [], Threads = "", Limits = new(),
    })
        .Add("version", s_text, i => i.Version, (i, value) => i with { Version = value })
        .Add("protocol", Codecs.Int32, i => i.Protocol, (i, value) => i with { Protocol = value })
        .Add("pid", Codecs.Int32, i => i.Pid, (i, value) => i with { Pid = value })
        .Add("uptimeMs", Codecs.Count, i => i.UptimeMs, (i, value) => i with { UptimeMs = value })
        .Add("ready", Codecs.Flag, i => i.Ready, (i, value) => i with { Ready = value })
        .Add("providers", Codecs.ListOf(s_text, "A provider"), i => i.Providers, (i, value) => i with { Providers = value })
        .Add("devices", Codecs.ListOf(DeviceInfo.Map, "A device"), i => i.Devices, (i, value) => i with { Devices = value })
        .Add("threads", s_text, i => i.Threads, (i, value) => i with { Threads = value })
        .Add("limits", LimitsInfo.Map, i => i.Limits, (i, value) => i with { Limits = value })
        .Maybe("remarks", Codecs.ListOf(s_text, "A remark"), i => Codecs.NullIfEmpty(i.Remarks), (i, value) => i with { Remarks = value })
        .Maybe("rules", s_text, i => i.Rules, (i, value) => i with { Rules = value })
        .Maybe("memory", s_text, i => i.Memory, (i, value) => i with { Memory = value });

    internal override void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads the result's map.</summary>
    public static InfoResult Read(ref MessagePackReader reader) => s_map.Read(ref reader, "result");
}
