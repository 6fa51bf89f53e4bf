namespace ImmichMl.Daemon;

/// <summary>
/// Feeds the service manager's watchdog from the work loop. Time only says when to send a beat; it goes through a thread that runs
/// models and one that decodes pictures, and the latter feeds. Where all are stuck it does not arrive; where one of several is, it is
/// held back.
/// </summary>
sealed class Watchdog(InferenceQueue inference, DecodeQueue decoding, ISystemdNotifier notifier, TimeProvider time, ILogger<Watchdog> log)
{
    long _since;
    (long, long, long, long) _oldest;
    bool _isStuck;

    /// <summary>sd_watchdog_enabled(3); null where nobody watches.</summary>
    static TimeSpan? Limit =>
        long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), CultureInfo.InvariantCulture, out long microseconds)
        && microseconds > 0
        && Environment.GetEnvironmentVariable("WATCHDOG_PID") is var pid
        && (string.IsNullOrEmpty(pid) || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;

    public async Task RunAsync(CancellationToken stopping)
    {
        if (Limit is not { } limit)
        {
            return;
        }

        _since = time.GetTimestamp();
        Task beat = Task.CompletedTask;
        while (!stopping.IsCancellationRequested)
        {
            if (!IsHeldUp(limit) && beat.IsCompleted)
            {
                beat = BeatAsync();
            }

            await Task.Delay(limit / 4, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    async Task BeatAsync()
    {
        try
        {
            await inference.BeatAsync(static () => { });
            await decoding.BeatAsync(() => notifier.Notify(new ServiceState("WATCHDOG=1")));
        }
        catch (ObjectDisposedException)
        {
            // The daemon ends.
        }
        catch (Exception e)
        {
            // One beat less; where none comes any more the manager does what it is there for.
            log.FaultIn("The watchdog", e);
        }
    }

    /// <summary>True once the same piece of work has been the oldest for half the limit: the other half is the manager's.</summary>
    bool IsHeldUp(TimeSpan limit)
    {
        ((long a, long b), (long c, long d)) = (inference.OldestRunning, decoding.OldestRunning);
        (long p, long q, long r, long s) = _oldest;
        bool isSame = (a == p && a > 0) || (b == q && b > 0) || (c == r && c > 0) || (d == s && d > 0);
        if (!isSame)
        {
            _since = time.GetTimestamp();
        }

        _oldest = (a, b, c, d);
        TimeSpan ran = time.GetElapsedTime(_since);
        bool isStuck = isSame && ran >= limit / 2;
        if (isStuck && !_isStuck)
        {
            log.Stuck(ran.TotalSeconds);
        }

        return _isStuck = isStuck;
    }
}
