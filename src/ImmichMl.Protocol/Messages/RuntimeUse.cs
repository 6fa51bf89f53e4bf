namespace ImmichMl.Protocol.Messages;

/// <summary>What the daemon's managed memory has done since the start.</summary>
/// <param name="AllocatedBytes">Allocated in all.</param>
/// <param name="Collections">By generation, the youngest first; a collection of an older one counts for the younger ones too.</param>
public sealed record RuntimeUse(long AllocatedBytes, IReadOnlyList<long> Collections)
{
    internal static readonly MapCodec<RuntimeUse> Map = new MapCodec<RuntimeUse>(new(0, []))
        .Add("allocatedBytes", Codecs.Count, r => r.AllocatedBytes, (r, value) => r with { AllocatedBytes = value })
        .Add("collections", Codecs.ListOf(Codecs.Count), r => r.Collections, (r, value) => r with { Collections = value });
}
