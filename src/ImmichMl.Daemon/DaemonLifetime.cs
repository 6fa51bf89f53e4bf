using ImmichMl.Daemon.Serving;
using ImmichMl.Inference.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>
/// Starts and stops: socket bound before READY=1, open requests answered before the end. The notifier speaks to whatever
/// NOTIFY_SOCKET names, also where the parent is no systemd.
/// </summary>
sealed class DaemonLifetime(
    DaemonOptions options, SocketListener listener, SessionCache models, ISystemdNotifier notifier, IHostApplicationLifetime application,
    TimeProvider time, ILogger<DaemonLifetime> log) : IHostedService, IDisposable
{
    static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);

    readonly CancellationTokenSource _stopping = new();
    ListenSocket? _socket;
    Task _trimming = Task.CompletedTask;
    Task _accepting = Task.CompletedTask;

    /// <summary>Why the daemon stopped by itself; null when it was told to.</summary>
    public OperatorException? Fault { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _socket = ListenSocket.Open(options.Serve.SocketPath);
        _accepting = AcceptAsync(_socket);
        _trimming = TrimWhenQuietAsync();
        log.Listening(_socket.Name, Answers.Version, options.Models.CacheFolder);
        notifier.Notify(new ServiceState($"READY=1\nSTATUS=Listening on {_socket.Name}"));
        return Task.CompletedTask;
    }

    async Task AcceptAsync(ListenSocket socket)
    {
        try
        {
            await listener.RunAsync(socket.Socket);
        }
        catch (OperatorException e)
        {
            Fault = e;
            application.StopApplication();
        }
    }

    /// <summary>Work leaves gaps in the heap; once it is over they go back to the system.</summary>
    async Task TrimWhenQuietAsync()
    {
        long trimmedAt = 0;
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(s_quiet, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (listener.WorkDone is var done && done != trimmedAt && listener.OpenRequests == 0)
            {
                trimmedAt = done;
                NativeHeap.Trim();
            }
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        notifier.Notify(new ServiceState("STOPPING=1\nSTATUS=Finishing open requests"));
        listener.StopAccepting();
        _socket?.Dispose();
        await _accepting;
        await listener.DrainAsync();
        await _stopping.CancelAsync();
        await _trimming;
        models.Dispose();
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _stopping.Dispose();
    }
}
