using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml health: for health checks, which know 0 and 1 only.</summary>
static class HealthCommand
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("health", "Exit with 0 when the daemon answers and is ready, with 1 otherwise; waits 5 seconds at most.")
        {
            CommandLine.Socket, CommandLine.Json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            string reason = await CheckAsync(arguments, cancellation);
            bool isHealthy = reason.Length == 0;
            arguments.Print(JsonText.Of(("healthy", isHealthy), ("reason", reason)), isHealthy ? "healthy" : $"unhealthy: {reason}");
            return isHealthy ? ExitCode.Ok : ExitCode.OurFault;
        });
        return command;
    }

    static async Task<string> CheckAsync(ParseResult arguments, CancellationToken cancellation)
    {
        try
        {
            await using var client = new MlClient(CommandLine.Connection(arguments, s_patience));
            return (await client.GetInfoAsync(cancellation)).Ready ? "" : "not ready";
        }
        catch (Exception e) when (e is MlConnectionException or MlErrorException or TimeoutException or OperationCanceledException)
        {
            return e.Message;
        }
    }
}
