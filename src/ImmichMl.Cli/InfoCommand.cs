using System.CommandLine;
using ImmichMl.Bench;
using ImmichMl.Client;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Cli;

/// <summary>immich-ml info: who answers, and within which limits.</summary>
static class InfoCommand
{
    public static Command Create() => new Command("info", "Print the daemon's version, devices, threads and limits.")
    {
        CommandLine.Socket, CommandLine.Timeout, CommandLine.Json,
    }.Does(async (arguments, cancellation) =>
    {
        await using MlClient client = CommandLine.Connect(arguments);
        InfoResult info = await client.GetInfoAsync(cancellation);
        Console.WriteLine(arguments.GetValue(CommandLine.Json) ? ToJson(info) : ToText(info));
        return ExitCode.Ok;
    });

    static string ToText(InfoResult info) => string.Join('\n', info.Remarks.Select(remark => $"           {remark}").Prepend(Lines(info)));

    static string Lines(InfoResult info) => $"""
        version    {info.Version} (protocol {info.Protocol}), pid {info.Pid}, up {TimeSpan.FromMilliseconds(info.UptimeMs):d\.hh\:mm\:ss}, {(info.Ready ? "ready" : "not ready")}
        providers  {string.Join(", ", info.Providers)}
        devices    {string.Join(", ", info.Devices.Select(device => $"{device.Provider}:{device.Id} {device.Name}, {ByteSize.Text(device.MemoryBytes)}"))}
        threads    {info.Threads}
        limits     {string.Join(", ", Limits(info.Limits).Select(limit => $"{limit.Name} {limit.Value}"))}
        """;

    static string ToJson(InfoResult info) => JsonText.Object(
    [
        ("version", JsonText.Text(info.Version)),
        ("protocol", JsonText.Number(info.Protocol)),
        ("pid", JsonText.Number(info.Pid)),
        ("uptimeMs", JsonText.Number(info.UptimeMs)),
        ("ready", JsonText.Flag(info.Ready)),
        ("providers", JsonText.Array(info.Providers.Select(JsonText.Text))),
        ("devices", JsonText.Array(info.Devices.Select(device => JsonText.Object(
        [
            ("provider", JsonText.Text(device.Provider)), ("id", JsonText.Number(device.Id)), ("name", JsonText.Text(device.Name)),
            ("memoryBytes", JsonText.Number(device.MemoryBytes)),
        ])))),
        ("threads", JsonText.Text(info.Threads)),
        ("remarks", JsonText.Array(info.Remarks.Select(JsonText.Text))),
        ("limits", JsonText.Object(Limits(info.Limits).Select(limit => (limit.Name, JsonText.Number(limit.Value))))),
    ]);

    static IEnumerable<(string Name, long Value)> Limits(LimitsInfo limits) =>
    [
        ("maxFrameBytes", limits.MaxFrameBytes), ("maxImageBytes", limits.MaxImageBytes), ("maxImagePixels", limits.MaxImagePixels),
        ("frameBytesInFlight", limits.FrameBytesInFlight), ("pixelsInFlight", limits.PixelsInFlight), ("queue", limits.Queue),
        ("connections", limits.Connections), ("requestsPerConnection", limits.RequestsPerConnection),
    ];
}
