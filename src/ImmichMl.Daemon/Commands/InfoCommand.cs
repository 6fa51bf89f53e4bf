using System.CommandLine;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml info: who answers, and within which limits.</summary>
static class InfoCommand
{
    public static Command Create() => new Command("info", "Print the daemon's version, devices, threads and limits.")
    {
        Cli.Socket, Cli.Timeout, Cli.Json,
    }.Does(async (arguments, cancellation) =>
    {
        await using MlClient client = Cli.Connect(arguments);
        InfoResult info = await client.GetInfoAsync(cancellation);
        Console.WriteLine(arguments.GetValue(Cli.Json) ? ToJson(info) : ToText(info));
        return Cli.Ok;
    });

    static string ToText(InfoResult info) => string.Join('\n', info.Remarks.Select(remark => $"           {remark}").Prepend(Lines(info)));

    static string Lines(InfoResult info) => $"""
        version    {info.Version} (protocol {info.Protocol}), pid {info.Pid}, up {TimeSpan.FromMilliseconds(info.UptimeMs):d\.hh\:mm\:ss}, {(info.Ready ? "ready" : "not ready")}
        providers  {string.Join(", ", info.Providers)}
        devices    {string.Join(", ", info.Devices.Select(device => $"{device.Provider}:{device.Id} {device.Name}, {Output.Bytes(device.MemoryBytes)}"))}
        threads    {info.Threads}
        limits     {string.Join(", ", Limits(info.Limits).Select(limit => $"{limit.Name} {limit.Value}"))}
        """;

    static string ToJson(InfoResult info) => Output.Object(
    [
        ("version", Output.Text(info.Version)),
        ("protocol", Output.Number(info.Protocol)),
        ("pid", Output.Number(info.Pid)),
        ("uptimeMs", Output.Number(info.UptimeMs)),
        ("ready", Output.Flag(info.Ready)),
        ("providers", Output.Array(info.Providers.Select(Output.Text))),
        ("devices", Output.Array(info.Devices.Select(device => Output.Object(
        [
            ("provider", Output.Text(device.Provider)), ("id", Output.Number(device.Id)), ("name", Output.Text(device.Name)),
            ("memoryBytes", Output.Number(device.MemoryBytes)),
        ])))),
        ("threads", Output.Text(info.Threads)),
        ("remarks", Output.Array(info.Remarks.Select(Output.Text))),
        ("limits", Output.Object(Limits(info.Limits).Select(limit => (limit.Name, Output.Number(limit.Value))))),
    ]);

    static IEnumerable<(string Name, long Value)> Limits(LimitsInfo limits) =>
    [
        ("maxFrameBytes", limits.MaxFrameBytes), ("maxImageBytes", limits.MaxImageBytes), ("maxImagePixels", limits.MaxImagePixels),
        ("frameBytesInFlight", limits.FrameBytesInFlight), ("pixelsInFlight", limits.PixelsInFlight), ("queue", limits.Queue),
        ("connections", limits.Connections), ("requestsPerConnection", limits.RequestsPerConnection),
    ];
}
