using System.CommandLine;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Cli;

/// <summary>
/// The hidden verb that parity starts this program with, once for each precision: a silent daemon on a private socket that makes no
/// copies. It says one word when it listens, and ends when its standard input does.
/// </summary>
static class PrecisionSideCommand
{
    public const string Verb = "parity-side", Ready = "ready";

    public static Command Create()
    {
        var command = new Command(Verb, "Answer for one side of a comparison.") { Hidden = true };
        return command.Does(async (_, cancellation) =>
        {
            using IHost host = DaemonHost.BuildSilent(DaemonOptions.Read(new Settings().AddEnvironment()));
            await host.StartAsync(cancellation);
            Console.WriteLine(Ready);
            await Task.Factory.StartNew(
                PrepareCommand.ReadInputToEnd, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await host.StopAsync(CancellationToken.None);
            return ExitCode.Ok;
        });
    }
}
