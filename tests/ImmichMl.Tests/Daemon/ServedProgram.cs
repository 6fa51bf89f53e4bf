namespace ImmichMl.Tests.Daemon;

/// <summary>immich-ml serve in a process of its own, with this test in the place of the service manager.</summary>
sealed class ServedProgram : IAsyncDisposable
{
    readonly TempFolder _folder = new();
    readonly Socket _notify = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    readonly ChildProgram _daemon;

    ServedProgram(string[] starter, string cache, string[] arguments, (string Name, string? Value)[] settings)
    {
        string notify = _folder.File("notify");
        _notify.Bind(new UnixDomainSocketEndPoint(notify));
        _daemon = ChildProgram.StartThrough(
            starter, ["serve", "--socket", Socket, "--cache", cache, .. arguments],
            [("NOTIFY_SOCKET", notify), ("MACHINE_LEARNING_DOWNLOAD", "off"), .. settings]);
    }

    public string Socket => _folder.File("immich-ml.sock");

    public int ProcessId => _daemon.Id;

    /// <summary>Returns once the daemon has said that it is ready.</summary>
    public static Task<ServedProgram> StartAsync(string cache, params (string Name, string? Value)[] settings) =>
        StartWithAsync(cache, [], settings);

    /// <summary>The same, with further arguments.</summary>
    public static Task<ServedProgram> StartWithAsync(string cache, string[] arguments, params (string Name, string? Value)[] settings) =>
        StartAsync([], cache, arguments, settings);

    /// <summary>The daemon started by another program, which becomes it.</summary>
    public static Task<ServedProgram> StartThroughAsync(string[] starter, string cache, params (string Name, string? Value)[] settings) =>
        StartAsync(starter, cache, [], settings);

    static async Task<ServedProgram> StartAsync(string[] starter, string cache, string[] arguments, (string Name, string? Value)[] settings)
    {
        var served = new ServedProgram(starter, cache, arguments, settings);
        string told;
        do
        {
            told = await served.NotificationAsync();
        }
        while (told.StartsWith("EXTEND_TIMEOUT_USEC=", StringComparison.Ordinal) || told.StartsWith("STATUS=", StringComparison.Ordinal));

        await Assert.That(told).StartsWith("READY=1\n");
        return served;
    }

    /// <summary>The next datagram for the service manager.</summary>
    /// <param name="patience">How long it may take; some default where null.</param>
    public async Task<string> NotificationAsync(TimeSpan? patience = null)
    {
        byte[] datagram = new byte[4096];
        using var enough = new CancellationTokenSource(patience ?? Patience.Limit);
        return Encoding.UTF8.GetString(datagram, 0, await _notify.ReceiveAsync(datagram, enough.Token));
    }

    /// <summary>Runs another verb against this daemon.</summary>
    public Task<Finished> AskAsync(string verb, params IEnumerable<string> arguments) =>
        ChildProgram.RunAsync([verb, .. arguments, "--socket", Socket]);

    /// <summary>The service manager is gone; what the daemon tells it from here on reaches nobody.</summary>
    public void StopListening()
    {
        _notify.Dispose();
        File.Delete(_folder.File("notify"));
    }

    /// <summary>What it has written to its log so far.</summary>
    public string Errors => _daemon.Errors;

    public Task SaysAsync(string part) => _daemon.SaysAsync(part);

    public void Terminate() => _daemon.Terminate();

    public void Signal(int number) => _daemon.Signal(number);

    public Task<Finished> EndAsync() => _daemon.EndAsync();

    public async ValueTask DisposeAsync()
    {
        await _daemon.DisposeAsync();
        _notify.Dispose();
        _folder.Dispose();
    }
}
