namespace ImmichMl.Gateway;

/// <summary>Everything that the gateway logs. No query, picture, embedding or key ever stands here.</summary>
static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}, version {Version}, HTTP of Immich {Rules}, daemon {Socket}")]
    public static partial void Listening(this ILogger logger, string address, string version, string rules, string socket);
    [LoggerMessage(2, LogLevel.Warning, "A key is asked for over plain HTTP: whoever can listen on the way reads it")]
    public static partial void KeyWithoutTls(this ILogger logger);
    [LoggerMessage(3, LogLevel.Information, "Stopping")]
    public static partial void Stopping(this ILogger logger);
    [LoggerMessage(4, LogLevel.Warning, "IPv6 is off on this machine: listening on 0.0.0.0, every IPv4 address")]
    public static partial void IPv4Only(this ILogger logger);
    [LoggerMessage(5, LogLevel.Warning, "Of what {Host} resolves to, this is no address of this machine and is left out: {Addresses}")]
    public static partial void AddressesLeftOut(this ILogger logger, string host, string addresses);
    [LoggerMessage(6, LogLevel.Information, "Not ready any more; requests are taken for another {Seconds} s")]
    public static partial void Draining(this ILogger logger, double seconds);
    [LoggerMessage(20, LogLevel.Information, "Upstream {Upstream} is {State}")]
    public static partial void UpstreamChanged(this ILogger logger, string upstream, string state);
    [LoggerMessage(21, LogLevel.Information, "Upstream {Upstream} failed: {Why} ({Trace})")]
    public static partial void UpstreamFailed(this ILogger logger, string upstream, string why, string trace);
    [LoggerMessage(22, LogLevel.Error, "Upstream {Upstream} could not be checked")]
    public static partial void CheckFailed(this ILogger logger, string upstream, Exception fault);
    [LoggerMessage(23, LogLevel.Information, "Nobody is there for what waits: waking by {What}")]
    public static partial void Waking(this ILogger logger, string what);
    [LoggerMessage(24, LogLevel.Warning, "Waking failed: {Why}")]
    public static partial void WakeFailed(this ILogger logger, string why);
    [LoggerMessage(10, LogLevel.Debug, "{Method} {Path}: {Status} in {Milliseconds:0.0} ms ({Trace})")]
    public static partial void Answered(
        this ILogger logger, string method, string path, int status, double milliseconds, string trace);
    [LoggerMessage(11, LogLevel.Information, "{Method} {Path}: {Status} {Code} in {Milliseconds:0.0} ms ({Trace}): {Detail}")]
    public static partial void Refused(
        this ILogger logger, string method, string path, int status, string code, double milliseconds, string trace, string detail);
    [LoggerMessage(12, LogLevel.Error, "{Method} {Path} failed ({Trace})")]
    public static partial void Failed(this ILogger logger, string method, string path, string trace, Exception fault);
    [LoggerMessage(14, LogLevel.Error, "What was to be cancelled failed")]
    public static partial void CancelFailed(this ILogger logger, Exception fault);
    [LoggerMessage(15, LogLevel.Error, "Memory was not given back")]
    public static partial void TrimFailed(this ILogger logger, Exception fault);
    [LoggerMessage(13, LogLevel.Debug, "{Method} {Path}: the caller went away ({Trace})")]
    public static partial void Abandoned(this ILogger logger, string method, string path, string trace);
}
