using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml info: who answers, and within which limits.</summary>
static class InfoCommand
{
    public static Command Create() => new Command("info", "Print the daemon's version, devices, threads and limits.")
        .Asks(async (client, arguments, cancellation) =>
        {
            InfoResult info = await client.GetInfoAsync(cancellation);
            return arguments.Print(ToJson(info), ToText(info));
        });

    static string ToText(InfoResult info) => string.Join('\n', info.Remarks.Select(remark => $"           {remark}").Prepend($"""
        version    {info.Version} (protocol {info.Protocol}), pid {info.Pid}, up {Age(info.UptimeMs)}, {(info.Ready ? "" : "not ")}ready
        rules      {info.Rules ?? ImmichJson.OlderRules}, the Immich whose numbers come out
        providers  {string.Join(", ", info.Providers)}
        devices    {string.Join(", ", info.Devices.Select(Name))}
        threads    {info.Threads}
        memory     {info.Memory ?? "not told"}
        limits     {string.Join(", ", Limits(info.Limits).Select(limit => $"{limit.Name} {limit.Value}"))}
        """));

    static string Name(DeviceInfo device) => $"{device.Provider}:{device.Id} {device.Name}, {ByteSize.Text(device.MemoryBytes)}";

    static string Age(long milliseconds) => $"{TimeSpan.FromMilliseconds(milliseconds):d\\.hh\\:mm\\:ss}";

    static JsonText ToJson(InfoResult info) => JsonText.Of(
        ("version", info.Version), ("protocol", info.Protocol), ("pid", info.Pid), ("uptimeMs", info.UptimeMs), ("ready", info.Ready),
        ("providers", JsonText.List(info.Providers.Select(one => (JsonText)one))),
        ("devices", JsonText.List(info.Devices.Select(device => JsonText.Of(
            ("provider", device.Provider), ("id", device.Id), ("name", device.Name), ("memoryBytes", device.MemoryBytes))))),
        ("rules", info.Rules), ("threads", info.Threads), ("memory", info.Memory),
        ("remarks", JsonText.List(info.Remarks.Select(one => (JsonText)one))),
        ("limits", JsonText.Of(Limits(info.Limits).Select(limit => (limit.Name, (JsonText)limit.Value)))));

    static IEnumerable<(string Name, long Value)> Limits(LimitsInfo limits) =>
    [
        ("maxFrameBytes", limits.MaxFrameBytes), ("maxImageBytes", limits.MaxImageBytes), ("maxImagePixels", limits.MaxImagePixels),
        ("frameBytesInFlight", limits.FrameBytesInFlight), ("pixelsInFlight", limits.PixelsInFlight), ("queue", limits.Queue),
        ("connections", limits.Connections), ("requestsPerConnection", limits.RequestsPerConnection),
    ];
}
