using Microsoft.Extensions.Hosting;

namespace ImmichMl.Gateway.Upstreams;

/// <summary>
/// Asks each upstream every few seconds whether it answers (<c>/ping</c>, as Immich itself asks) and takes work (<c>/ready</c>, which
/// Immich's own service does not know), and one that is away more often: what waits for it goes out as soon as it is back.
/// </summary>
sealed class UpstreamWatch(
    UpstreamPool pool, UpstreamForwarder forwarder, DaemonLink daemon, WakeUp wake, TimeProvider time, ILogger<UpstreamWatch> log)
    : BackgroundService
{
    const int MaxPong = 1024;

    /// <summary>Immich's server gives a ping as long.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(500);

    static readonly TimeSpan s_whileUp = TimeSpan.FromSeconds(5);

    static readonly TimeSpan s_whileAway = TimeSpan.FromSeconds(1);

    readonly Dictionary<Upstream, long> _due = [];
    readonly HashSet<Upstream> _inWork = [];
    readonly Lock _lock = new();

    /// <summary>Something failed there: it is not believed until the next round.</summary>
    public void CheckSoon(Upstream upstream)
    {
        lock (_lock)
        {
            _due[upstream] = 0;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            pool.Tick();
            if (pool.Missing() is { } missing)
            {
                wake.Ask(missing);
            }

            foreach (Upstream upstream in pool.All)
            {
                if (IsDue(upstream))
                {
                    _ = CheckAsync(upstream, stoppingToken);
                }
            }

            await Task.Delay(s_tick, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    bool IsDue(Upstream upstream)
    {
        lock (_lock)
        {
            return _due.GetValueOrDefault(upstream) <= time.GetTimestamp() && _inWork.Add(upstream);
        }
    }

    async Task CheckAsync(Upstream upstream, CancellationToken stopping)
    {
        bool isUp = false;
        try
        {
            (isUp, bool isReady, bool isRefused) = await AskAsync(upstream, stopping);
            isUp = pool.Tell(upstream, isUp, isReady, isRefused) && isUp && isReady;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Nobody waits for this task; it is asked again.
            log.CheckFailed(upstream.Name, e);
        }
        catch (OperationCanceledException)
        {
            // We are about to end.
        }
        finally
        {
            lock (_lock)
            {
                TimeSpan pause = isUp ? s_whileUp : s_whileAway;
                _due[upstream] = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
                _inWork.Remove(upstream);
            }
        }
    }

    async Task<(bool IsUp, bool IsReady, bool IsRefused)> AskAsync(Upstream upstream, CancellationToken stopping)
    {
        if (upstream.IsLocal)
        {
            try
            {
                return (true, (await daemon.Questions.GetInfoAsync(stopping)).Ready, false);
            }
            catch (Exception e) when (DaemonState.IsSilence(e))
            {
                return (false, false, e is MlConnectionException);
            }
        }

        using var late = new CancellationTokenSource(s_patience, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
        try
        {
            (int status, string text) = await GetAsync(upstream, "ping", enough.Token);
            if (status != 200 || !text.Contains("pong", StringComparison.Ordinal))
            {
                return (false, false, true);
            }

            (int ready, _) = await GetAsync(upstream, "ready", enough.Token);
            return (true, ready != 503, false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (false, false, UpstreamForwarder.IsAway(e));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (false, false, false);
        }
    }

    async Task<(int Status, string Text)> GetAsync(Upstream upstream, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(upstream.Address!, path));
        using HttpResponseMessage response = await forwarder.Invoker.SendAsync(request, cancellation);
        byte[] text = new byte[MaxPong];
        int read = await (await response.Content.ReadAsStreamAsync(cancellation)).ReadAtLeastAsync(text, MaxPong, false, cancellation);
        return ((int)response.StatusCode, Encoding.ASCII.GetString(text, 0, read));
    }
}
