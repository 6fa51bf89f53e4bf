using System.Runtime.InteropServices;

namespace ImmichMl.Gateway;

/// <summary>immich-ml-gateway: settings from a file and the environment, then HTTP until SIGTERM.</summary>
static class Program
{
    const string Usage = """
        Speaks HTTP as Immich's machine-learning service does, and asks the immich-ml daemon.

        Usage: immich-ml-gateway [--config FILE] [--print-config]

        Settings come from defaults, --config (NAME=value lines) and the environment, in this order.
        Exit codes: 0 ok, 1 our fault, 2 usage, 3 for the operator to mend.
        """;

    static async Task<int> Main(string[] args)
    {
        StandardStreams.Prepare(static cause => new OperatorException(cause));
        try
        {
            switch (args)
            {
                case ["--help" or "-h"]:
                    Console.WriteLine(Usage);
                    return 0;
                case []:
                    return await RunAsync(new Settings().AddEnvironment());
                case ["--config", var file]:
                    return await RunAsync(new Settings().AddFile(file).AddEnvironment());

                // How the daemon starts it (serve --http).
                case ["--child"]:
                    return await RunAsync(new Settings().AddEnvironment(), isChild: true);
                case ["--child", "--config", var file]:
                    return await RunAsync(new Settings().AddFile(file).AddEnvironment(), isChild: true);
                case ["--print-config"]:
                    return PrintConfig(new Settings().AddEnvironment());
                case ["--config", var file, "--print-config"]:
                    return PrintConfig(new Settings().AddFile(file).AddEnvironment());
                default:
                    await Console.Error.WriteLineAsync(Usage);
                    return 2;
            }
        }
        catch (Exception e) when (e is OperatorException or IOException)
        {
            await Console.Error.WriteLineAsync($"immich-ml-gateway: {e.Message}");
            return 3;
        }
    }

    static int PrintConfig(Settings settings)
    {
        foreach ((string name, string value, string description) in Settings.Describe(settings.Read<GatewayOptions>()))
        {
            Console.WriteLine($"# {description}\n{name}={(name == "MACHINE_LEARNING_API_KEY" && value.Length > 0 ? "(set)" : value)}");
        }

        return 0;
    }

    static async Task<int> RunAsync(Settings settings, bool isChild = false)
    {
        GatewayOptions options = settings.Read<GatewayOptions>();
        await using var gateway = new RunningGateway(options);

        // Ctrl+C ends at once; only who is told by SIGTERM has a balancer in front.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            gateway.Hurry();
        });
        if (!isChild)
        {
            await gateway.RunAsync();
            return 0;
        }

        // A terminal that goes tells all who write to it; what becomes of us is the daemon's to say.
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"drains {options.DrainDelaySeconds}"));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);
        Console.WriteLine($"reads {string.Join(' ', Settings.Describe(options).Select(setting => setting.Name))}");
        _ = EndWithInputAsync(gateway);
        await gateway.RunAsync(() => Console.WriteLine($"listening {gateway.Address}"));
        return 0;
    }

    /// <summary>The daemon holds the other end of our standard input: it closes where it wants us to end, and where it is gone.</summary>
    static async Task EndWithInputAsync(RunningGateway gateway)
    {
        using Stream input = Console.OpenStandardInput();
        byte[] nothing = new byte[16];
        try
        {
            while (await input.ReadAsync(nothing) > 0)
            {
            }
        }
        finally
        {
            gateway.Stop();
        }
    }
}
