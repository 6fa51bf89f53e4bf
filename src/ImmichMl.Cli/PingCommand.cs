using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml ping: is it there, and how far away.</summary>
static class PingCommand
{
    public static Command Create() => new Command("ping", "Ask the daemon for a sign of life and print how long it took.")
        .Asks(async (client, arguments, cancellation) =>
        {
            await client.PingAsync(cancellation);
            long since = TimeProvider.System.GetTimestamp();
            await client.PingAsync(cancellation);
            double milliseconds = TimeProvider.System.GetElapsedTime(since).TotalMilliseconds;
            return arguments.Print(JsonText.Of(("milliseconds", milliseconds)), $"pong in {milliseconds:0.000} ms");
        });
}
