namespace ImmichMl.Gateway;

/// <summary>/ping: does the daemon answer; /ready: has it loaded what it was told to.</summary>
sealed class HealthEndpoint(DaemonLink daemon)
{
    public async Task PingAsync(HttpContext context)
    {
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

        await Reply.JsonAsync(context, """{"ready":true}""");
    }

    static HttpFault Silent() => new(503, "unreachable", "The machine-learning daemon does not answer.", TimeSpan.FromSeconds(5));
}
