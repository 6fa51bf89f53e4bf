using System.ComponentModel;

namespace ImmichMl.Daemon;

/// <summary>
/// immich-ml-gateway as a child of the daemon (serve --http): started once the socket is there, started again when it crashes, and ended
/// before the daemon stops answering. Its standard input ties its life to ours, its lines go where ours go.
/// </summary>
sealed class GatewayProcess(TimeProvider time, ILogger<GatewayProcess> log, GatewayStart? start = null)
{
    const string Name = "immich-ml-gateway";

    /// <summary>As the unit of the gateway has it: five starts in a minute, one second between two.</summary>
    const int MostStarts = 5;

    /// <summary>What Kestrel gives open requests, and some.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(12);

    static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly Lock _lock = new();
    Process? _child;
    bool _isStopping;
    TimeSpan _drainDelay;
    volatile bool _isListening;

    /// <summary>False where no gateway is to run, which is then no reason not to be ready.</summary>
    public bool IsWanted => start is not null;

    /// <summary>True where it listens at the moment, or none is wanted.</summary>
    public bool IsListening => !IsWanted || _isListening;

    /// <summary>Ends when it listens for the first time, or never will.</summary>
    public Task Listening => IsWanted ? _listening.Task : Task.CompletedTask;

    /// <summary>Settings that were given and that the daemon does not read: those that the gateway reads as well are not told.</summary>
    public IReadOnlyCollection<string> Unread { get; set; } = [];

    /// <summary>Runs it until <see cref="StopAsync"/>, or until it ends for good.</summary>
    /// <param name="socket">Where the daemon listens.</param>
    /// <returns>Why it ended; null where it, or the daemon, was told to stop.</returns>
    public async Task<Exception?> RunAsync(string socket)
    {
        var starts = new Queue<long>();
        while (true)
        {
            starts.Enqueue(time.GetTimestamp());
            string why = await RunOnceAsync(socket);
            while (time.GetElapsedTime(starts.Peek()) > s_window)
            {
                starts.Dequeue();
            }

            bool isGivenUp = _child?.ExitCode is ExitCode.Usage or ExitCode.OperatorFault or null || starts.Count >= MostStarts;
            if (why.Length == 0 || IsStopping || isGivenUp)
            {
                // What keeps it from its first start is the operator's to mend; later the service manager may start all anew.
                bool isFirst = _listening.TrySetResult();
                return why.Length == 0 || IsStopping ? null
                    : isFirst ? new OperatorException($"{Name} {why}") : new InvalidOperationException($"{Name} {why}");
            }

            log.GatewayEnded(why, s_pause.TotalSeconds);
            await Task.Delay(s_pause, time);
        }
    }

    bool IsStopping
    {
        get
        {
            lock (_lock)
            {
                return _isStopping;
            }
        }
    }

    /// <returns>How it ended; empty where it was told to.</returns>
    async Task<string> RunOnceAsync(string socket)
    {
        try
        {
            if (!TryStart(socket, out string refused))
            {
                return refused;
            }

            while (await _child!.StandardOutput.ReadLineAsync() is { } line)
            {
                Hear(line);
            }

            await _child.WaitForExitAsync();
            return _child.ExitCode switch
            {
                ExitCode.Ok => "",
                > 128 and var code => $"was ended by signal {code - 128}",
                var code => $"ended with exit code {code}",
            };
        }
        finally
        {
            _isListening = false;
        }
    }

    /// <returns>False where there is nothing to start; without a word where the daemon is about to stop.</returns>
    bool TryStart(string socket, out string refused)
    {
        refused = "";
        if (OwnProgram.Beside(Name) is not { } program)
        {
            refused = "is not beside this program";
            return false;
        }

        lock (_lock)
        {
            if (_isStopping)
            {
                return false;
            }

            try
            {
                Descriptors.KeepFromChildren();
                _child?.Dispose();
                _child = null;
                _child = Process.Start(Arrange(program, socket));
            }
            catch (Exception e) when (e is Win32Exception or IOException)
            {
                refused = $"cannot be started: {e.Message}";
            }

            return _child is not null;
        }
    }

    /// <summary>The service manager is ours alone, and what it handed over is not the gateway's.</summary>
    ProcessStartInfo Arrange(ProcessStartInfo program, string socket)
    {
        program.ArgumentList.Add("--child");
        if (start!.ConfigFile.Length > 0)
        {
            program.ArgumentList.Add("--config");
            program.ArgumentList.Add(start.ConfigFile);
        }

        program.RedirectStandardInput = true;
        program.RedirectStandardOutput = true;
        foreach (string name in (string[])["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"])
        {
            program.Environment.Remove(name);
        }

        foreach ((string name, string value) in ((string, string)[])
        [
            (SocketPaths.Variable, socket), ("IMMICH_HOST", start.Host), ("IMMICH_PORT", start.Port),
        ])
        {
            if (value.Length > 0)
            {
                program.Environment[name] = value;
            }
        }

        return program;
    }

    void Hear(string line)
    {
        switch (line.Split(' '))
        {
            case ["reads", .. var names]:
                Unread.Except(names, StringComparer.OrdinalIgnoreCase).ToList().ForEach(log.SettingWithoutEffect);
                Unread = [];
                break;
            case ["drains", var seconds] when double.TryParse(seconds, CultureInfo.InvariantCulture, out double delay):
                _drainDelay = TimeSpan.FromSeconds(Math.Clamp(delay, 0, 60));
                break;
            case ["listening", ..]:
                _isListening = true;
                _listening.TrySetResult();
                break;
        }
    }

    /// <summary>Ends it: open requests are answered first, for the daemon still answers.</summary>
    public async Task StopAsync()
    {
        Process? child;
        lock (_lock)
        {
            _isStopping = true;
            child = _child;
        }

        if (child is null)
        {
            return;
        }

        try
        {
            child.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended by itself.
        }

        using var enough = new CancellationTokenSource(s_patience + _drainDelay, time);
        try
        {
            await child.WaitForExitAsync(enough.Token);
        }
        catch (OperationCanceledException)
        {
            child.Kill();
        }
    }
}
