using ImmichMl.Models;

namespace ImmichMl.Fetch;

/// <summary>
/// immich-ml-fetch [--replace] CACHE TASK TYPE NAME: a name of the catalogue, never an address. Its lines (<see cref="Errand"/>) go to standard
/// output; it gives up when its standard input closes, so that it never outlives who started it. immich-ml-fetch serve is for the socket that
/// a service manager passes (<see cref="FetchServer"/>), for the cache that MACHINE_LEARNING_CACHE_FOLDER names.
/// </summary>
static class Program
{
    const string Usage = "usage: immich-ml-fetch [--replace] CACHE TASK TYPE NAME, or immich-ml-fetch serve on a socket that systemd passes";

    static async Task<int> Main(string[] args)
    {
        StandardStreams.Prepare(static cause => new FetchException(FetchFault.Operator, cause));
        try
        {
            bool replace = args is ["--replace", ..];
            return args[(replace ? 1 : 0)..] switch
            {
                [var cache, var task, var type, var name] => await RunOnceAsync(cache, task, type, name, replace),
                ["serve"] when FetchServer.Inherit() is { } listener => await ServeAsync(listener),
                _ => throw new FetchException(FetchFault.Unknown, Usage),
            };
        }
        catch (FetchException e)
        {
            await Console.Error.WriteLineAsync($"immich-ml-fetch: {e.Message}");
            return (int)e.Fault;
        }
    }

    static async Task<int> RunOnceAsync(string cache, string task, string type, string name, bool replace)
    {
        using var stop = new CancellationTokenSource();
        _ = StopWithParentAsync(stop);
        return await RunAsync(cache, errand => errand.RunAsync(task, type, name, replace, Console.WriteLine, stop.Token));
    }

    static async Task<int> ServeAsync(FetchServer listener)
    {
        using (listener)
        {
            string cache = Environment.GetEnvironmentVariable("MACHINE_LEARNING_CACHE_FOLDER") is { Length: > 0 } given ? given : new ModelOptions().CacheFolder;
            return await RunAsync(cache, async errand =>
            {
                await listener.RunAsync(errand);
                return 0;
            });
        }
    }

    static async Task<int> RunAsync(string cache, Func<Errand, Task<int>> run)
    {
        FetchOptions options = FetchOptions.FromEnvironment(Path.GetFullPath(cache));
        var catalog = new ModelCatalog();
        using var hub = new HubClient(options);
        return await run(new Errand(options, catalog, new ModelStore(new ModelOptions { CacheFolder = options.CacheFolder }, catalog), hub));
    }

    static async Task StopWithParentAsync(CancellationTokenSource stop)
    {
        await using Stream input = Console.OpenStandardInput();
        byte[] buffer = new byte[16];
        while (await input.ReadAsync(buffer) > 0)
        {
        }

        await stop.CancelAsync();
    }
}
