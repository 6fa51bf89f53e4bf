namespace ImmichMl.Protocol.Messages;

/// <summary>How short of memory the daemon finds the machine or its control group, and what it has done about it since the start.</summary>
public sealed record PressureUse
{
    /// <summary>Memory suffices.</summary>
    public const string CalmLevel = "calm";

    /// <summary>The word of <see cref="Level"/> for memory that is short.</summary>
    public const string TightLevel = "tight";

    /// <summary>That for memory of which next to nothing is left.</summary>
    public const string CriticalLevel = "critical";

    /// <summary><c>calm</c>, <c>tight</c> or <c>critical</c>; a later version may know more.</summary>
    public string Level { get; init; } = CalmLevel;

    /// <summary>Percent of the last 10 s in which some task stood still for want of memory (PSI); 0 where nobody tells.</summary>
    public double StalledPercent { get; init; }

    /// <summary>Bytes that can still be taken.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>Bytes that there may be: the machine's, or a control group's limit.</summary>
    public long LimitBytes { get; init; }

    /// <summary>Requests that are worked on at once now.</summary>
    public int RequestsAtOnce { get; init; }

    /// <summary>How often memory became tight.</summary>
    public long Tight { get; init; }

    /// <summary>How often it became critical.</summary>
    public long Critical { get; init; }

    /// <summary>Models that were unloaded for it.</summary>
    public long Unloaded { get; init; }

    /// <summary>How often arena, heaps and caches were given back for it.</summary>
    public long Trimmed { get; init; }

    internal static readonly MapCodec<PressureUse> Map = new MapCodec<PressureUse>(new())
        .Add("level", Codecs.Name, p => p.Level, (p, value) => p with { Level = value })
        .Add("stalledPercent", Codecs.Number, p => p.StalledPercent, (p, value) => p with { StalledPercent = value })
        .Add("availableBytes", Codecs.Count, p => p.AvailableBytes, (p, value) => p with { AvailableBytes = value })
        .Add("limitBytes", Codecs.Count, p => p.LimitBytes, (p, value) => p with { LimitBytes = value })
        .Add("requestsAtOnce", Codecs.Int32, p => p.RequestsAtOnce, (p, value) => p with { RequestsAtOnce = value })
        .Add("tight", Codecs.Count, p => p.Tight, (p, value) => p with { Tight = value })
        .Add("critical", Codecs.Count, p => p.Critical, (p, value) => p with { Critical = value })
        .Add("unloaded", Codecs.Count, p => p.Unloaded, (p, value) => p with { Unloaded = value })
        .Add("trimmed", Codecs.Count, p => p.Trimmed, (p, value) => p with { Trimmed = value });
}
