using System.CommandLine;
using ImmichMl.Client;

namespace ImmichMl.Cli;

/// <summary>immich-ml ping: is it there, and how far away.</summary>
static class PingCommand
{
    public static Command Create() => new Command("ping", "Ask the daemon for a sign of life and print how long it took.")
    {
        CommandLine.Socket, CommandLine.Timeout, CommandLine.Json,
    }.Does(async (arguments, cancellation) =>
    {
        await using MlClient client = CommandLine.Connect(arguments);
        await client.PingAsync(cancellation);
        long since = TimeProvider.System.GetTimestamp();
        await client.PingAsync(cancellation);
        double milliseconds = TimeProvider.System.GetElapsedTime(since).TotalMilliseconds;
        Console.WriteLine(arguments.GetValue(CommandLine.Json) ? JsonText.Object([("milliseconds", JsonText.Number(milliseconds))]) : $"pong in {milliseconds:0.000} ms");
        return ExitCode.Ok;
    });
}
