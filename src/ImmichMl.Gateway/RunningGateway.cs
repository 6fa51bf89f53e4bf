using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;

namespace ImmichMl.Gateway;

/// <summary>Starts and stops the gateway, and tells the service manager.</summary>
sealed class RunningGateway : IAsyncDisposable
{
    readonly GatewayOptions _options;
    readonly WebApplication _host;
    readonly ILogger _log;
    readonly QuietNotifier _notifier = new();

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
            File.SetUnixFileMode(_options.HttpSocket, SocketFile.Mode);
        }

        string version = typeof(RunningGateway).Assembly.GetName().Version?.ToString(3) ?? "";
        _log.Listening(string.Join(' ', _host.Urls.Where(url => !IsAgent(url))), version, _options.Rules, _options.DaemonSocket);
        if (!_host.Services.GetRequiredService<Access>().IsOpen && _options.TlsCertificate.Length == 0 && _options.HttpSocket.Length == 0)
        {
            _log.KeyWithoutTls();
        }

        _notifier.Notify(new ServiceState("READY=1\nSTATUS=Listening"));
    }

    bool IsAgent(string url) =>
        _options.AgentPort > 0 && Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Port == _options.AgentPort;

    /// <summary>Until SIGTERM, Ctrl+C or <see cref="Stop"/>.</summary>
    /// <param name="started">Called once it listens.</param>
    public async Task RunAsync(Action? started = null)
    {
        await StartAsync();
        started?.Invoke();
        using CancellationTokenRegistration stopping = _host.Lifetime.ApplicationStopping.Register(() =>
        {
            _log.Stopping();
            _notifier.Notify(new ServiceState("STOPPING=1"));
        });
        await _host.WaitForShutdownAsync();
    }

    /// <summary>Nobody is waited for: the stop that the host makes of this signal has no delay.</summary>
    public void Hurry() => _host.Services.GetRequiredService<Drain>().Cut();

    /// <summary>From any thread, before the start too.</summary>
    public void Stop() => _host.Lifetime.StopApplication();

    /// <summary>A socket that nobody listens on any more would keep Kestrel from binding; one that is in use stays.</summary>
    static void RemoveStale(string path)
    {
        // Refused for a plain file as well, which is nobody's to remove. What is said otherwise, binding will say.
        if (SocketFile.Probe(path) is { SocketErrorCode: SocketError.ConnectionRefused } && !IsPlainFile(path))
        {
            File.Delete(path);
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

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _host.DisposeAsync();
    }
}
