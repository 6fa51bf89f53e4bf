using ImmichMl.Gateway.Upstreams;

namespace ImmichMl.Gateway;

/// <summary>/ping: does the daemon answer; /ready: has it loaded what it was told to, and are we to stay.</summary>
sealed class HealthEndpoint(DaemonLink daemon, Drain drain, GatewayOptions options, UpstreamPool? upstreams = null)
{
    const string Ready = """{"ready":true}""";

    public async Task PingAsync(HttpContext context)
    {
        if (upstreams is not null)
        {
            // While we hold requests Immich is to keep this address, or it would fail them itself.
            await (options.HoldSeconds > 0 || upstreams.IsAnyUp() ? Reply.TextAsync(context, "pong") : throw NoUpstream());
            return;
        }

        try
        {
            await daemon.Questions.PingAsync(context.RequestAborted);
        }
        catch (TimeoutException)
        {
            throw Silent();
        }

        await Reply.TextAsync(context, "pong");
    }

    public async Task ReadyAsync(HttpContext context)
    {
        if (drain.IsDraining)
        {
            throw new HttpFault(503, "draining", "The gateway is about to stop; send new requests elsewhere.", TimeSpan.FromSeconds(2));
        }

        if (upstreams is not null)
        {
            await (upstreams.IsAnyReady() ? Reply.JsonAsync(context, Ready) : throw NoUpstream());
            return;
        }

        InfoResult info;
        try
        {
            info = await daemon.Questions.GetInfoAsync(context.RequestAborted);
        }
        catch (TimeoutException)
        {
            throw Silent();
        }

        if (!info.Ready)
        {
            throw new HttpFault(
                503, "not_ready", "The daemon is still loading the models that it was told to preload.", TimeSpan.FromSeconds(2));
        }

        await Reply.JsonAsync(context, Ready);
    }

    /// <summary>As <see cref="ReadyAsync"/> says it, without a draining of our own.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        if (upstreams is not null)
        {
            return upstreams.IsAnyReady();
        }

        try
        {
            return (await daemon.Questions.GetInfoAsync(cancellation)).Ready;
        }
        catch (Exception e) when (DaemonState.IsSilence(e))
        {
            return false;
        }
    }

    static HttpFault NoUpstream() =>
        new(503, "no_upstream", "No machine-learning service can answer now.", TimeSpan.FromSeconds(5));

    public static HttpFault Silent() => new(503, "unreachable", "The machine-learning daemon does not answer.", TimeSpan.FromSeconds(5));
}
