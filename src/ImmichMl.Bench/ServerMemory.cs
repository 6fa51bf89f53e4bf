namespace ImmichMl.Bench;

/// <summary>What a server is known to hold: resident bytes, and what its managed memory did since its start; null is unknown.</summary>
readonly record struct MemoryReading(long? Resident, RuntimeUse? Runtime);

/// <summary>
/// The server's resident memory: of a process with all its descendants (a Python service forks its workers; pages that they share count for
/// each), or as the daemon itself says.
/// </summary>
sealed class ServerMemory(BenchTarget target) : IAsyncDisposable
{
    readonly MlClient? _daemon =
        target.Statistics is { } options ? new MlClient(options with { RequestTimeout = TimeSpan.FromSeconds(5) }) : null;

    public async Task<MemoryReading> ReadAsync(CancellationToken cancellation)
    {
        long? resident = target.Process is { } process && OfTree(process, depth: 0) is > 0 and var bytes ? bytes : null;
        try
        {
            StatsResult? stats = _daemon is null ? null : await _daemon.GetStatsAsync(cancellation);
            return new MemoryReading(resident ?? stats?.Memory.RssBytes, stats?.Runtime);
        }
        catch (Exception e) when (FaultCode.Of(e) is not null)
        {
            return new MemoryReading(resident, null);
        }
    }

    static long OfTree(int process, int depth)
    {
        try
        {
            string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
            string[] pages = File.ReadAllText($"{folder}/statm").Split(' ');
            long bytes = long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            foreach (string thread in depth > 8 ? [] : Directory.GetDirectories($"{folder}/task"))
            {
                foreach (string child in File.ReadAllText($"{thread}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    bytes += OfTree(int.Parse(child, CultureInfo.InvariantCulture), depth + 1);
                }
            }

            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has gone, or is not ours to look at.
            return 0;
        }
    }

    public ValueTask DisposeAsync() => _daemon?.DisposeAsync() ?? ValueTask.CompletedTask;
}
