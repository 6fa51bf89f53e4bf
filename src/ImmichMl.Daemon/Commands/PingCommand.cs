using System.CommandLine;
using ImmichMl.Client;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml ping: is it there, and how far away.</summary>
static class PingCommand
{
    public static Command Create() => new Command("ping", "Ask the daemon for a sign of life and print how long it took.")
    {
        Cli.Socket, Cli.Timeout, Cli.Json,
    }.Does(async (arguments, cancellation) =>
    {
        await using MlClient client = Cli.Connect(arguments);
        await client.PingAsync(cancellation);
        long since = TimeProvider.System.GetTimestamp();
        await client.PingAsync(cancellation);
        double milliseconds = TimeProvider.System.GetElapsedTime(since).TotalMilliseconds;
        Console.WriteLine(arguments.GetValue(Cli.Json) ? Output.Object([("milliseconds", Output.Number(milliseconds))]) : $"pong in {milliseconds:0.000} ms");
        return Cli.Ok;
    });
}
