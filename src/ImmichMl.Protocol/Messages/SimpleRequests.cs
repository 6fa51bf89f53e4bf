namespace ImmichMl.Protocol.Messages;

/// <summary>Asks for <see cref="EmptyResult"/> at once, whatever the load.</summary>
public sealed record PingRequest() : Request(Name)
{
    internal const string Name = "ping";
}

/// <summary>Asks for <see cref="InfoResult"/>.</summary>
public sealed record InfoRequest() : Request(Name)
{
    internal const string Name = "info";
}

/// <summary>Asks for <see cref="ModelsResult"/>.</summary>
public sealed record ModelsRequest() : Request(Name)
{
    internal const string Name = "models";
}

/// <summary>Asks for <see cref="StatsResult"/>.</summary>
public sealed record StatsRequest() : Request(Name)
{
    internal const string Name = "stats";
}

/// <summary>Cancels an open request of the same connection; answered with <see cref="CancelResult"/>.</summary>
public sealed record CancelRequest() : Request(Name)
{
    internal const string Name = "cancel";

    static readonly MapCodec<CancelRequest> s_map = new MapCodec<CancelRequest>(new() { Id = 0, Target = 0 })
        .Add("target", Codecs.Unsigned, r => r.Target, (r, value) => r with { Target = value }, needed: true);

    /// <summary>The id of the request to cancel.</summary>
    public required ulong Target { get; init; }

    private protected override int OwnKeys => s_map.CountKeys(this);

    private protected override void WriteOwn(ref MessagePackWriter writer) => s_map.WriteFields(ref writer, this);

    internal static CancelRequest Read(ref MessagePackReader reader, ulong id) =>
        s_map.ReadFields(ref reader, new CancelRequest { Id = id, Target = 0 }, "A payload");
}
