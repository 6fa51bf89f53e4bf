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
    ILogger<DaemonLifetime> log) : IHostedService, IDisposable
{
    ListenSocket? _socket;
    Task _accepting = Task.CompletedTask;

    /// <summary>Why the daemon stopped by itself; null when it was told to.</summary>
    public OperatorException? Fault { get; private set; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _socket = ListenSocket.Open(options.Serve.SocketPath);
        _accepting = AcceptAsync(_socket);
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

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        notifier.Notify(new ServiceState("STOPPING=1\nSTATUS=Finishing open requests"));
        await listener.DrainAsync(_socket);
        await _accepting;
        models.Dispose();
    }

    public void Dispose() => _socket?.Dispose();
}
