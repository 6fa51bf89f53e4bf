namespace ImmichMl.Protocol.Messages;

/// <summary>One device that models run on.</summary>
/// <param name="Provider">The execution provider, such as <c>cpu</c>.</param>
/// <param name="Id">The provider's own number of the device.</param>
/// <param name="Name">What the device calls itself.</param>
/// <param name="MemoryBytes">Its memory; 0 where that is not known.</param>
public sealed record DeviceInfo(string Provider, int Id, string Name, long MemoryBytes)
{
    internal static readonly MapCodec<DeviceInfo> Map = new MapCodec<DeviceInfo>(new("", 0, "", 0))
        .Add("provider", Codecs.Name, d => d.Provider, (d, value) => d with { Provider = value })
        .Add("id", Codecs.Int32, d => d.Id, (d, value) => d with { Id = value })
        .Add("name", Codecs.Name, d => d.Name, (d, value) => d with { Name = value })
        .Add("memoryBytes", Codecs.Count, d => d.MemoryBytes, (d, value) => d with { MemoryBytes = value });
}
