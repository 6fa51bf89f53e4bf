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
        var http = new Option<string?>("--http")
        {
            Description = "Speak HTTP too: run immich-ml-gateway as a child [default: $IMMICH_HOST:$IMMICH_PORT, else [::]:3003]",
            HelpName = "HOST:PORT", Arity = ArgumentArity.ZeroOrOne,
        };
        http.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: var address }] && SplitAddress(address) is null)
            {
                given.AddError($"--http takes HOST:PORT, such as 127.0.0.1:3003 or [::1]:3003; '{address}' is none.");
            }
        });
        return new Command("serve", "Run the daemon: listen on a Unix socket and answer until SIGTERM or Ctrl+C.\n"
            + "Settings come from defaults, --config, the environment and the command line, in this order. With LISTEN_FDS (systemd) "
            + "the inherited socket is used.")
        {
            CommandLine.Socket, CommandLine.Cache, config, http, printConfig, CommandLine.Json,
        }.Does((arguments, cancellation) => RunAsync(
            arguments, arguments.GetValue(config), GatewayOf(arguments, http, arguments.GetValue(config)),
            arguments.GetValue(printConfig), cancellation));
    }

    static GatewayStart? GatewayOf(ParseResult arguments, Option<string?> http, string? config) =>
        arguments.GetResult(http) is not { Implicit: false } ? null
        : arguments.GetValue(http) is { } address && SplitAddress(address) is var (host, port) ? new GatewayStart(host, port, config ?? "")
        : new GatewayStart(ConfigFile: config ?? "");

    /// <summary>The host may be left out, not the port; an IPv6 address stands in brackets. Null where it is none of this.</summary>
    static (string Host, string Port)? SplitAddress(string address)
    {
        int colon = address.LastIndexOf(':');
        (string host, string port) = (address[..Math.Max(colon, 0)], address[(colon + 1)..]);
        bool isBare = host.Contains(':', StringComparison.Ordinal) && (host[0] != '[' || host[^1] != ']');
        return colon >= 0 && !isBare && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? (host, port) : null;
    }

    static async Task<int> RunAsync(
        ParseResult arguments, string? config, GatewayStart? gateway, bool printConfig, CancellationToken cancellation)
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
            options, again: () => DaemonOptions.Read(GivenSettings(arguments, config, before: file)), settings.Unread, gateway,
            cancellation);
        if (fault is null)
        {
            return ExitCode.Ok;
        }

        // The operator's code is for what no start can mend: with it the service manager does not try another.
        await Console.Error.WriteLineAsync($"immich-ml: {fault.Message}");
        return fault is OperatorException ? ExitCode.OperatorFault : ExitCode.OurFault;
    }

    static Settings FileSettings(string? config) => config is null ? new Settings() : new Settings().AddFile(config);

    static Settings GivenSettings(ParseResult arguments, string? config, Settings? before) => FileSettings(config)
        .AddEnvironment(before)
        .Add(MlClientOptions.SocketVariable, arguments.GetValue(CommandLine.Socket))
        .Add("MACHINE_LEARNING_CACHE_FOLDER", arguments.GetValue(CommandLine.Cache));
}
