using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>Asks for <see cref="EmptyResult"/> at once, whatever the load.</summary>
public sealed record PingRequest : Request
{
    internal const string Name = "ping";

    /// <inheritdoc/>
    public override string Operation => Name;
}

/// <summary>Asks for <see cref="InfoResult"/>.</summary>
public sealed record InfoRequest : Request
{
    internal const string Name = "info";

    /// <inheritdoc/>
    public override string Operation => Name;
}

/// <summary>Asks for <see cref="ModelsResult"/>.</summary>
public sealed record ModelsRequest : Request
{
    internal const string Name = "models";

    /// <inheritdoc/>
    public override string Operation => Name;
}

/// <summary>Asks for <see cref="StatsResult"/>.</summary>
public sealed record StatsRequest : Request
{
    internal const string Name = "stats";

    /// <inheritdoc/>
    public override string Operation => Name;
}

/// <summary>Cancels an open request of the same connection; answered with <see cref="CancelResult"/>.</summary>
public sealed record CancelRequest : Request
{
    internal const string Name = "cancel";

    /// <inheritdoc/>
    public override string Operation => Name;

    /// <summary>The id of the request to cancel.</summary>
    public required ulong Target { get; init; }

    private protected override int OwnKeys => 1;

    private protected override void WriteOwn(ref MessagePackWriter writer)
    {
        writer.WriteString("target"u8);
        writer.Write(Target);
    }

    internal static CancelRequest Read(ref MessagePackReader reader, ulong id)
    {
        ulong? target = null;
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            if (reader.ReadKey() == "target")
            {
                target = reader.ReadUnsigned("target");
            }
            else
            {
                reader.Skip();
            }
        }

        return new CancelRequest { Id = id, Target = target ?? throw ProtocolException.Invalid("target is missing.") };
    }
}
