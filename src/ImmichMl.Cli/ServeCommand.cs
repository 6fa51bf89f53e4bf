using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml serve: the daemon itself.</summary>
static class ServeCommand
{
    public static Command Create()
    {
        var config = new Option<string?>("--config")
        {
            Description = "File of NAME=value lines; the environment and the command line go before it",
            HelpName = "FILE",
        };
        var printConfig = new Option<bool>("--print-config") { Description = "Print the settings in force and stop" };
        return new Command("serve", "Run the daemon: listen on a Unix socket and answer until SIGTERM or Ctrl+C.\n"
            + "Settings come from defaults, --config, the environment and the command line, in this order. With LISTEN_FDS (systemd) "
            + "the inherited socket is used.")
        {
            CommandLine.Socket, CommandLine.Cache, config, printConfig, CommandLine.Json,
        }.Does((arguments, cancellation) => RunAsync(
            arguments, arguments.GetValue(config), arguments.GetValue(printConfig), cancellation));
    }

    static async Task<int> RunAsync(ParseResult arguments, string? config, bool printConfig, CancellationToken cancellation)
    {
        Settings file = FileSettings(config);
        Settings settings = GivenSettings(arguments, config, before: null);
        DaemonOptions options = DaemonOptions.Read(settings);
        if (printConfig)
        {
            (string Name, string Value, string Description)[] all = [.. options.Describe()];
            return arguments.Print(
                JsonText.Of(all.Select(setting => (setting.Name, (JsonText)setting.Value))),
                string.Join('\n', all.Select(setting => $"# {setting.Description}\n{setting.Name}={setting.Value}")));
        }

        ModelNames.CheckFolder(options.Models);
        CommandLine.CheckLibraries(options.Images, options.Devices.OnnxRuntimeDir);

        // With two cores there are two: one that is kept busy by a frame of 100 MB and one that pings wait for.
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 4), ports);
        Exception? fault = await DaemonHost.RunAsync(
            options, again: () => DaemonOptions.Read(GivenSettings(arguments, config, before: file)), settings.Unread, cancellation);
        if (fault is null)
        {
            return ExitCode.Ok;
        }

        // Not the operator's code: with that one the service manager would not start it again.
        await Console.Error.WriteLineAsync($"immich-ml: {fault.Message}");
        return ExitCode.OurFault;
    }

    static Settings FileSettings(string? config) => config is null ? new Settings() : new Settings().AddFile(config);

    static Settings GivenSettings(ParseResult arguments, string? config, Settings? before) => FileSettings(config)
        .AddEnvironment(before)
        .Add(MlClientOptions.SocketVariable, arguments.GetValue(CommandLine.Socket))
        .Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(CommandLine.Cache));
}
