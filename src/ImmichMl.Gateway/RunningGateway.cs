using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Gateway;

/// <summary>Starts and stops the gateway, and tells the service manager.</summary>
sealed class RunningGateway : IAsyncDisposable
{
    const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    readonly GatewayOptions _options;
    readonly WebApplication _host;
    readonly ILogger _log;

    public RunningGateway(GatewayOptions options, Action<ILoggingBuilder>? logging = null, TimeProvider? time = null)
    {
        _options = options;
        _host = GatewayHost.Build(options, logging, time);
        _log = _host.Services.GetRequiredService<ILogger<RunningGateway>>();
    }

    /// <summary>Where it listens, such as <c>http://[::]:3003</c>.</summary>
    public string Address => _host.Urls.FirstOrDefault() ?? "";

    /// <exception cref="OperatorException">It cannot listen there; the message says what to do.</exception>
    public async Task StartAsync()
    {
        if (_options.HttpSocket.Length > 0 && ListenAddresses.CountInherited() == 0)
        {
            RemoveStale(ListenAddresses.CheckPath(_options.HttpSocket));
        }

        try
        {
            await _host.StartAsync();
        }
        catch (Exception e) when (ListenAddresses.Explain(e, _options) is { } explained)
        {
            throw explained;
        }

        if (_options.HttpSocket.Length > 0 && File.Exists(_options.HttpSocket))
        {
            File.SetUnixFileMode(_options.HttpSocket, Mode);
        }

        string version = typeof(RunningGateway).Assembly.GetName().Version?.ToString(3) ?? "";
        _log.Listening(string.Join(' ', _host.Urls), version, _options.DaemonSocket);
        if (!_host.Services.GetRequiredService<Access>().IsOpen && _options.TlsCertificate.Length == 0 && _options.HttpSocket.Length == 0)
        {
            _log.KeyWithoutTls();
        }

        Notify("READY=1\nSTATUS=Listening");
    }

    /// <summary>Until SIGTERM or Ctrl+C.</summary>
    public async Task RunAsync()
    {
        await StartAsync();
        using CancellationTokenRegistration stopping = _host.Lifetime.ApplicationStopping.Register(() =>
        {
            _log.Stopping();
            Notify("STOPPING=1");
        });
        await _host.WaitForShutdownAsync();
    }

    /// <summary>A socket that nobody listens on any more would keep Kestrel from binding; one that is in use stays.</summary>
    static void RemoveStale(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
        {
            // Refused for a plain file as well, which is nobody's to remove.
            if (!IsPlainFile(path))
            {
                File.Delete(path);
            }
        }
        catch (SocketException)
        {
            // Nothing there, or nothing that can be told: binding will say it.
        }
    }

    /// <summary>A socket's file cannot be opened.</summary>
    static bool IsPlainFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>sd_notify(3); a name that begins with @ is abstract.</summary>
    static void Notify(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path[0] == '@' ? $"\0{path[1..]}" : path));
            socket.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException)
        {
            // A manager that does not listen is no reason to stop.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _host.DisposeAsync();
    }
}
