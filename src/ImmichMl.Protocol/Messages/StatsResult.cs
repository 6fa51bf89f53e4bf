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

    /// <summary>Slots by lane; null where the daemon does not say.</summary>
    public SlotUse? Slots { get; init; }

    /// <summary>How short memory is; null where the daemon does not look, or does not say.</summary>
    public PressureUse? Pressure { get; init; }

    /// <summary>Answers that are kept; null where none are.</summary>
    public ResultCacheUse? ResultCache { get; init; }

    static readonly MapCodec<StatsResult> s_map = new MapCodec<StatsResult>(new()
    {
        Requests = [], Latency = [], Queue = default, Models = [], Memory = default, Downloads = [],
    })
        .Add("requests", Codecs.ListOf(RequestCount.Map, "A count"), s => s.Requests, (s, value) => s with { Requests = value })
        .Add("latency", Codecs.ListOf(LatencyHistogram.Map, "A histogram"), s => s.Latency, (s, value) => s with { Latency = value })
        .Add("queue", QueueDepth.Map, s => s.Queue, (s, value) => s with { Queue = value })
        .Add("models", ModelStatus.List, s => s.Models, (s, value) => s with { Models = value })
        .Add("memory", MemoryUse.Map, s => s.Memory, (s, value) => s with { Memory = value })
        .Add("downloads", Codecs.ListOf(DownloadProgress.Map, "A download"), s => s.Downloads, (s, value) => s with { Downloads = value })
        .Maybe("devices", DeviceUse.List, s => Codecs.NullIfEmpty(s.Devices), (s, value) => s with { Devices = value })
        .Maybe("runtime", RuntimeUse.Map, s => s.Runtime, (s, value) => s with { Runtime = value })
        .Maybe("slots", SlotUse.Map, s => s.Slots, (s, value) => s with { Slots = value })
        .Maybe("pressure", PressureUse.Map, s => s.Pressure, (s, value) => s with { Pressure = value })
        .Maybe("resultCache", ResultCacheUse.Map, s => s.ResultCache, (s, value) => s with { ResultCache = value });

    internal override void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads the result's map.</summary>
    public static StatsResult Read(ref MessagePackReader reader) => s_map.Read(ref reader, "result");
}
