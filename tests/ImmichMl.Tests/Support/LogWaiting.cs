namespace ImmichMl.Tests.Support;

/// <summary>Waits for what a daemon logs.</summary>
static class LogWaiting
{
    static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    /// <summary>The first line that holds all these parts, now or within half a minute.</summary>
    public static async Task<string> WaitAsync(this CollectedLog log, params string[] parts)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            if (log.Lines.FirstOrDefault(line => parts.All(part => line.Contains(part, StringComparison.Ordinal))) is { } found)
            {
                return found;
            }

            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"No line of the log holds {string.Join(" and ", parts)}:\n{string.Join('\n', log.Lines)}");
            }

            await Task.Delay(s_poll, TimeProvider.System);
        }
    }
}
