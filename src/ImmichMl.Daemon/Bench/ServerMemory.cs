using System.Globalization;
using ImmichMl.Client;

namespace ImmichMl.Daemon.Bench;

/// <summary>
/// The server's resident memory: of a process with all its descendants (a Python service forks its workers; pages that they share count for
/// each), or as the daemon itself says.
/// </summary>
sealed class ServerMemory : IAsyncDisposable
{
    readonly int? _process;
    readonly MlClient? _daemon;

    public ServerMemory(BenchTarget target, int? process)
    {
        _process = process;
        _daemon = process is null && target.Statistics is { } options ? new MlClient(options with { RequestTimeout = TimeSpan.FromSeconds(5) }) : null;
    }

    /// <summary>In bytes; null where it cannot be known.</summary>
    public async Task<long?> ReadAsync(CancellationToken cancellation)
    {
        if (_process is { } process)
        {
            return OfTree(process, depth: 0) is > 0 and var bytes ? bytes : null;
        }

        try
        {
            return _daemon is null ? null : (await _daemon.GetStatsAsync(cancellation)).Memory.RssBytes;
        }
        catch (Exception e) when (FaultCode.Of(e) is not null)
        {
            return null;
        }
    }

    static long OfTree(int process, int depth)
    {
        try
        {
            string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
            string[] pages = File.ReadAllText($"{folder}/statm").Split(' ');
            long bytes = long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            return depth > 8 ? bytes : bytes + Directory.EnumerateDirectories($"{folder}/task")
                .SelectMany(thread => File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Sum(child => OfTree(int.Parse(child, CultureInfo.InvariantCulture), depth + 1));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has gone, or is not ours to look at.
            return 0;
        }
    }

    public ValueTask DisposeAsync() => _daemon?.DisposeAsync() ?? ValueTask.CompletedTask;
}
