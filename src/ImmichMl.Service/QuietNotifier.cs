using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;

namespace ImmichMl.Service;

/// <summary>Tells the service manager; one that does not listen any more is no reason for work to fail.</summary>
public sealed class QuietNotifier : ISystemdNotifier
{
    readonly SystemdNotifier _notifier = new();

    /// <summary>False where no manager listens (NOTIFY_SOCKET).</summary>
    public bool IsEnabled => _notifier.IsEnabled;

    /// <summary>sd_notify(3): NAME=value lines. It never throws for want of a listener.</summary>
    public void Notify(ServiceState state)
    {
        try
        {
            _notifier.Notify(state);
        }
        catch (Exception e) when (e is SocketException or OutOfMemoryException)
        {
            // Its socket is gone, or there is no descriptor or memory left for one.
        }
    }
}
