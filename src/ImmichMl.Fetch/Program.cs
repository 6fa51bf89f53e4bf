using ImmichMl.Models;

namespace ImmichMl.Fetch;

/// <summary>
/// immich-ml-fetch [--replace] CACHE TASK TYPE NAME: a name of the catalogue, never an address. Its standard output is a channel of lines, "progress BYTES
/// TOTAL", then "done" or "failed MESSAGE"; it gives up when its standard input closes, so that it never outlives who started it.
/// </summary>
static class Program
{
    static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    static async Task<int> Main(string[] args)
    {
        bool replace = args is ["--replace", ..];
        if (args[(replace ? 1 : 0)..] is not [var cache, var task, var type, var name])
        {
            await Console.Error.WriteLineAsync("usage: immich-ml-fetch [--replace] CACHE TASK TYPE NAME");
            return (int)FetchFault.Unknown;
        }

        using var stop = new CancellationTokenSource();
        _ = StopWithParentAsync(stop);
        try
        {
            FetchOptions options = FetchOptions.FromEnvironment(Path.GetFullPath(cache));
            var kind = new ModelKind(task, type);
            if (!ModelKind.All.Contains(kind))
            {
                throw new FetchException(FetchFault.Unknown, $"There is no task '{task}' of type '{type}'.");
            }

            var catalog = new ModelCatalog();
            var store = new ModelStore(new ModelOptions { CacheFolder = options.CacheFolder }, catalog);
            using var hub = new HubClient(options);
            await new ModelDownload(options, catalog, store, hub, Paced()).RunAsync(new ModelKey(kind, name), replace, stop.Token);
            Console.WriteLine("done");
            return 0;
        }
        catch (Exception e) when (e is FetchException or ModelException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            Console.WriteLine($"failed {e.Message.ReplaceLineEndings(" ")}");
            return e is FetchException { Fault: var fault } ? (int)fault
                : e is OperationCanceledException ? (int)FetchFault.Network
                : e is ModelException { Fault: ModelFault.Unknown } ? (int)FetchFault.Unknown
                : (int)FetchFault.Operator;
        }
    }

    static Action<long, long> Paced()
    {
        long last = 0;
        return (bytes, total) =>
        {
            if (bytes == total || last == 0 || TimeProvider.System.GetElapsedTime(last) >= s_pace)
            {
                last = TimeProvider.System.GetTimestamp();
                Console.WriteLine($"progress {bytes} {total}");
            }
        };
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
