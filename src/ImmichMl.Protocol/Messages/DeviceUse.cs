namespace ImmichMl.Protocol.Messages;

/// <summary>How busy an accelerator is.</summary>
/// <param name="Provider">The execution provider, such as <c>cuda</c>.</param>
/// <param name="Id">The provider's own number of the device.</param>
/// <param name="Runs">Model runs on it now.</param>
/// <param name="UsedBytes">Of its memory, by all processes; 0 where its driver does not say.</param>
/// <param name="TotalBytes">Its memory; 0 where its driver does not say.</param>
/// <param name="Lost">True once it has stopped answering.</param>
public sealed record DeviceUse(string Provider, int Id, int Runs, long UsedBytes, long TotalBytes, bool Lost)
{
    internal static readonly Codec<IReadOnlyList<DeviceUse>> List = Codecs.ListOf(new MapCodec<DeviceUse>(new("", 0, 0, 0, 0, false))
        .Add("provider", Codecs.Name, d => d.Provider, (d, value) => d with { Provider = value })
        .Add("id", Codecs.Int32, d => d.Id, (d, value) => d with { Id = value })
        .Add("runs", Codecs.Int32, d => d.Runs, (d, value) => d with { Runs = value })
        .Add("usedBytes", Codecs.Count, d => d.UsedBytes, (d, value) => d with { UsedBytes = value })
        .Add("totalBytes", Codecs.Count, d => d.TotalBytes, (d, value) => d with { TotalBytes = value })
        .Add("lost", Codecs.Flag, d => d.Lost, (d, value) => d with { Lost = value }), "A device");
}
