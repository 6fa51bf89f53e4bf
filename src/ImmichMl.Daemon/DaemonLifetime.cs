using ImmichMl.Daemon.Serving;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Daemon;

/// <summary>
/// Starts and stops: socket bound before READY=1, open requests answered before the end. The notifier speaks to whatever
/// NOTIFY_SOCKET names, also where the parent is no systemd.
/// </summary>
sealed class DaemonLifetime(
    DaemonOptions options, SocketListener listener, SessionCache models, DeviceList devices, Residency residency, Preparation preparation,
    Preload preload, Watchdog watchdog, Reload reload, Answers answers, ISystemdNotifier notifier, IHostApplicationLifetime application,
    DecodeQueue decoding, GatewayProcess gateway, PressureWatch pressure, TimeProvider time,
    ILogger<DaemonLifetime> log) : IHostedService, IDisposable
{
    static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    static readonly TimeSpan s_look = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource _stopping = new();
    readonly List<Task> _parts = [];
    ListenSocket? _socket;
    Task _accepting = Task.CompletedTask;
    Task _watching = Task.CompletedTask;
    PosixSignalRegistration? _hangUp;

    /// <summary>What made the daemon stop by itself, to be started again; null when it was told to stop.</summary>
    public Exception? Fault { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        answers.Ready = !preload.IsWanted;
        residency.Attach();
        preparation.Attach();
        ListenSocket socket = _socket = ListenSocket.Open(options.Serve.SocketPath);
        _accepting = AcceptAsync(socket);
        Keep("Trimming", TrimWhenQuietAsync);
        log.Listening(
            _socket.Name, Answers.Version, options.Runtime.Rules, options.Models.Revision, options.Models.CacheFolder);
        Keep("Watching the socket's path", stopping => KeepPathAsync(socket, stopping));
        Keep("Watching the decoders", EndWhenDecodersHangAsync);
        Keep("Unloading", residency.RunAsync);
        Keep("Watching memory", pressure.RunAsync);
        Keep("Preparing", preparation.RunAsync);
        Keep("Ending when idle", EndWhenIdleAsync);
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnHangUp);
        _watching = WatchAsync(socket);
        await PreloadAsync(cancellationToken);
        await AwaitGatewayAsync(cancellationToken);
        answers.Ready = !application.ApplicationStopping.IsCancellationRequested;
        notifier.Notify(new ServiceState(ReadyState));
        Keep("The watchdog", watchdog.RunAsync);
    }

    void Keep(string part, Func<CancellationToken, Task> run) => _parts.Add(KeptRunning.RunAsync(part, run, time, log, _stopping.Token));

    /// <summary>A decoder cannot be stopped, and each one stuck may take a core: whoever started the daemon starts it again.</summary>
    async Task EndWhenDecodersHangAsync(CancellationToken stopping)
    {
        await decoding.AllHang.WaitAsync(stopping);
        log.DecodersHang(decoding.Hanging);
        Fault = new TimeoutException($"{decoding.Hanging} decoders hang for good.");
        application.StopApplication();
    }

    async Task AwaitGatewayAsync(CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, application.ApplicationStopping);
        await gateway.Listening.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Both stop together, whichever of them does.</summary>
    async Task WatchAsync(ListenSocket socket)
    {
        if (!gateway.IsWanted)
        {
            return;
        }

        try
        {
            Fault = await gateway.RunAsync(socket.Name) ?? Fault;
        }
        catch (Exception e)
        {
            Fault = e;
        }

        application.StopApplication();
    }

    string ReadyState => $"READY=1\nSTATUS=Listening on {_socket!.Name}";

    /// <summary>The system's timestamps are CLOCK_MONOTONIC's.</summary>
    TimeSpan MonotonicNow => time.GetElapsedTime(0);

    /// <summary>One that comes before READY is not told to the manager, which would take the second message for the start's end.</summary>
    void OnHangUp(PosixSignalContext signal)
    {
        signal.Cancel = true;
        try
        {
            Reload();
        }
        catch (Exception e)
        {
            log.FaultIn("Reloading", e);
        }
    }

    void Reload()
    {
        if (!answers.Ready)
        {
            reload.Run();
            return;
        }

        notifier.Notify(new ServiceState($"RELOADING=1\nMONOTONIC_USEC={MonotonicNow.TotalMicroseconds:0}"));
        reload.Run();
        notifier.Notify(new ServiceState(ReadyState));
    }

    /// <summary>The service manager's patience is stretched while models load; who wants to stop does not wait for them.</summary>
    async Task PreloadAsync(CancellationToken cancellation)
    {
        if (!preload.IsWanted)
        {
            return;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, application.ApplicationStopping);
        Task loading = preload.RunAsync(either.Token);
        while (!loading.IsCompleted)
        {
            notifier.Notify(new ServiceState($"EXTEND_TIMEOUT_USEC={s_patience.TotalMicroseconds:0}\nSTATUS=Loading models"));
            await Task.WhenAny(loading, Task.Delay(s_patience / 3, time, either.Token));
        }

        try
        {
            await loading;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // Told to stop: the host does the rest.
        }
    }

    async Task EndWhenIdleAsync(CancellationToken stopping)
    {
        TimeSpan limit = TimeSpan.FromSeconds(options.Residency.ExitOnIdleSeconds);
        long since = time.GetTimestamp();
        long done = listener.WorkDone;
        while (limit > TimeSpan.Zero && !stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(limit.TotalSeconds / 4, 0.05, 10)), time, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (listener.WorkDone != done || listener.OpenRequests > 0 || models.Snapshot().Any(model => model.State != "failed"))
            {
                done = listener.WorkDone;
                since = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(since) >= limit)
            {
                log.EndsIdle(limit.TotalSeconds);
                application.StopApplication();
                return;
            }
        }
    }

    async Task AcceptAsync(ListenSocket socket)
    {
        try
        {
            await listener.RunAsync(socket);
        }
        catch (Exception e)
        {
            Fault = e;
            application.StopApplication();
        }
    }

    /// <summary>Somebody may clear away the socket's file, and a daemon that nobody finds looks well from within.</summary>
    async Task KeepPathAsync(ListenSocket socket, CancellationToken stopping)
    {
        string told = "";
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (socket.KeepPath())
                {
                    log.BoundAnew(socket.Name);
                }

                told = "";
            }
            catch (OperatorException e)
            {
                if (told != e.Message)
                {
                    log.SocketTrouble(e.Message);
                }

                told = e.Message;
            }

            await Task.Delay(s_look, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Work leaves gaps in the heap; once it is over they go back to the system.</summary>
    async Task TrimWhenQuietAsync(CancellationToken stopping)
    {
        // Starting is work too, and leaves half of the heap free.
        var (trimmedAt, before) = (-1L, 0L);
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(s_quiet, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // Between two requests of one peer nothing is open either: it is over when no model worked since the last look.
            (long done, long worked) = (listener.WorkDone, listener.ModelWorkDone);
            if (done != trimmedAt && worked == before && listener.OpenRequests == 0)
            {
                trimmedAt = done;
                devices.ReturnMemory();
                NativeHeap.Trim();
            }

            before = worked;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _hangUp?.Dispose();
        TimeSpan patience = TimeSpan.FromSeconds(options.Serve.DrainTimeoutSeconds + (gateway.IsWanted ? 30 : 15));
        notifier.Notify(
            new ServiceState($"STOPPING=1\nEXTEND_TIMEOUT_USEC={patience.TotalMicroseconds:0}\nSTATUS=Finishing open requests"));
        try
        {
            // While the daemon still answers what it has open.
            await gateway.StopAsync();
            await _watching;
            listener.StopAccepting();
            _socket?.Dispose();
            await _accepting;
            await listener.DrainAsync();
        }
        catch (Exception e)
        {
            log.FaultIn("Stopping", e);
        }
        finally
        {
            _stopping.CancelSafely(log.CancelFailed);
            await Task.WhenAll(_parts);
            models.Dispose();
        }
    }

    public void Dispose()
    {
        _hangUp?.Dispose();
        _socket?.Dispose();
        _stopping.Dispose();
    }
}
