namespace ImmichMl.Client;

/// <summary>Decides for one call whether and when it is tried again.</summary>
sealed class Attempts(MlClientOptions options)
{
    /// <summary>A request that breaks its connection every time may be what kills the daemon: it is not sent for ever.</summary>
    const int MostLost = 2;

    static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(400);

    readonly long _started = options.Time.GetTimestamp();
    TimeSpan _wait = TimeSpan.Zero;
    bool _connected;
    int _lost;

    bool IsLeft => options.Time.GetElapsedTime(_started) < options.ReconnectTimeout;

    public void Connected() => _connected = true;

    public bool TriesAgain(Exception fault, bool used)
    {
        bool again = fault switch
        {
            MlConnectionException when !_connected => IsLeft,
            MlConnectionException => ++_lost <= (IsLeft ? MostLost : used ? 1 : 0),
            MlErrorException { Code: var code } => code == ErrorCode.ShuttingDown && IsLeft,
            _ => false,
        };
        _connected = false;
        return again;
    }

    /// <summary>Nothing the first time: a daemon that was restarted is there already.</summary>
    public Task WaitAsync(CancellationToken cancellation)
    {
        TimeSpan wait = _wait;
        _wait = wait == TimeSpan.Zero ? TimeSpan.FromMilliseconds(25) : wait * 2 < s_longestWait ? wait * 2 : s_longestWait;
        return Task.Delay(wait, options.Time, cancellation);
    }
}
