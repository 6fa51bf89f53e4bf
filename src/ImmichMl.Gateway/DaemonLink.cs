using System.Collections.Concurrent;

namespace ImmichMl.Gateway;

/// <summary>
/// The gateway's connections to the daemon. A picture has a connection to itself while it is asked about, so that one that the daemon lets
/// wait unread holds up no other; what is asked at once (ping, info, stats) has its own.
/// </summary>
sealed class DaemonLink : IAsyncDisposable
{
    const int MostIdle = 16;

    /// <summary>Immich's server gives a ping 2 seconds.</summary>
    static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(1.5);

    readonly ConcurrentBag<MlClient> _idle = [];
    readonly MlClientOptions _options;
    readonly long _deadlineMs;

    public DaemonLink(GatewayOptions options, TimeProvider time)
    {
        _deadlineMs = (long)(options.RequestTimeoutSeconds * 1000);
        _options = new MlClientOptions
        {
            SocketPath = options.DaemonSocket,
            Time = time,
            RequestTimeout = TimeSpan.FromSeconds(options.RequestTimeoutSeconds),

            // With upstreams another one may answer at once, and what waits for the daemon is held elsewhere.
            ReconnectTimeout = options.HasUpstreams ? TimeSpan.Zero : TimeSpan.FromSeconds(options.ReconnectSeconds),
        };
        Questions = new MlClient(_options with { RequestTimeout = s_pingTimeout, ReconnectTimeout = TimeSpan.Zero });
    }

    /// <summary>For what is answered at once or not at all.</summary>
    public MlClient Questions { get; }

    public async Task<PredictResult> PredictAsync(PredictRequest request, CancellationToken cancellation)
    {
        if (!_idle.TryTake(out MlClient? client))
        {
            client = new MlClient(_options);
        }

        try
        {
            return await client.PredictAsync(request with { DeadlineMs = _deadlineMs }, cancellation);
        }
        finally
        {
            if (_idle.Count < MostIdle)
            {
                _idle.Add(client);
            }
            else
            {
                await client.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Questions.DisposeAsync();
        while (_idle.TryTake(out MlClient? client))
        {
            await client.DisposeAsync();
        }
    }
}
