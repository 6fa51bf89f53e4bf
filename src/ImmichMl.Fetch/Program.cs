using System.Net.Sockets;

namespace ImmichMl.Fetch;

/// <summary>
/// immich-ml-fetch [--replace] CACHE TASK TYPE NAME: a name of the catalogue, never an address. Its lines (<see cref="FetchRunner"/>) go to
/// standard output; it gives up when its standard input closes, so that it never outlives who started it. immich-ml-fetch serve is for the
/// socket that a service manager passes (<see cref="FetchServer"/>), for the cache that MACHINE_LEARNING_CACHE_FOLDER names.
/// </summary>
static class Program
{
    const string Usage =
        "usage: immich-ml-fetch [--replace] CACHE TASK TYPE NAME, or immich-ml-fetch serve on a socket that systemd passes";

    static async Task<int> Main(string[] args)
    {
        StandardStreams.Prepare(static cause => new FetchException(FetchFault.Operator, cause));
        try
        {
            bool replace = args is ["--replace", ..];
            return args[(replace ? 1 : 0)..] switch
            {
                [var cache, var task, var type, var name] => await RunOnceAsync(cache, task, type, name, replace),
                ["serve"] when InheritedSockets.TakeUnixStream() is { } listener => await ServeAsync(listener),
                _ => throw new FetchException(FetchFault.Unknown, Usage),
            };
        }
        catch (FetchException e)
        {
            await Console.Error.WriteLineAsync($"immich-ml-fetch: {e.Message}");
            return (int)e.Fault;
        }
        catch (OperatorException e)
        {
            await Console.Error.WriteLineAsync($"immich-ml-fetch: {e.Message}");
            return ExitCode.OperatorFault;
        }
    }

    static async Task<int> RunOnceAsync(string cache, string task, string type, string name, bool replace)
    {
        using var stop = new CancellationTokenSource();
        _ = StopWithParentAsync(stop);
        return await RunAsync(cache, (fetch, _) => fetch.RunAsync(task, type, name, replace, Console.WriteLine, stop.Token));
    }

    static async Task<int> ServeAsync(Socket listener)
    {
        using (listener)
        {
            return await RunAsync(cache: null, async (fetch, settings) =>
            {
                using var server = new FetchServer(listener, TimeSpan.FromSeconds(settings.Read<FetchOptions>().IdleSeconds));
                await server.RunAsync(fetch);
                return ExitCode.Ok;
            });
        }
    }

    static async Task<int> RunAsync(string? cache, Func<FetchRunner, Settings, Task<int>> run)
    {
        Settings settings = new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", cache);
        (ModelOptions models, HubOptions hub) = (settings.Read<ModelOptions>(), settings.Read<HubOptions>());
        var catalog = new ModelCatalog();
        models.CacheFolder = Path.GetFullPath(models.CacheFolder);
        using var client = new HubClient(hub);
        return await run(new FetchRunner(models, hub, catalog, new ModelStore(models, catalog), client), settings);
    }

    static async Task StopWithParentAsync(CancellationTokenSource stop)
    {
        try
        {
            await using Stream input = Console.OpenStandardInput();
            byte[] buffer = new byte[16];
            while (await input.ReadAsync(buffer) > 0)
            {
            }
        }
        finally
        {
            stop.CancelSafely(fault => StandardStreams.Error.Write($"immich-ml-fetch: {fault.Message}\n"));
        }
    }
}
