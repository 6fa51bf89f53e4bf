
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

    static async Task<int> RunAsync(Settings settings)
    {
        await using var gateway = new RunningGateway(settings.Read<GatewayOptions>());
        await gateway.RunAsync();
        return 0;
    }
}
