using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Tests.Support;

/// <summary>The real daemon, composed as in production, in this process and on a socket of its own; what it logs is kept.</summary>
sealed class RunningDaemon : IAsyncDisposable
{
    readonly string _folder;
    readonly IHost _host;
    bool _stopped;

    RunningDaemon(string folder, IHost host, CollectedLog log)
    {
        _folder = folder;
        _host = host;
        Log = log;
        Client = new MlClient(new MlClientOptions { SocketPath = SocketPath });
    }

    public string SocketPath => Path.Combine(_folder, "immich-ml.sock");

    public MlClient Client { get; }

    public CollectedLog Log { get; }

    public IServiceProvider Services => _host.Services;

    /// <param name="cache">The model cache; null for the demo models of the repository.</param>
    /// <param name="settings">Further settings, by their environment names.</param>
    public static Task<RunningDaemon> StartAsync(string? cache = null, params (string Name, string Value)[] settings) =>
        StartAsync(null, cache, settings);

    /// <param name="gauge">What tells it of memory; null: this machine's files.</param>
    /// <param name="cache">As above.</param>
    /// <param name="settings">As above.</param>
    public static async Task<RunningDaemon> StartAsync(
        MemoryGauge? gauge, string? cache = null, params (string Name, string Value)[] settings)
    {
        string folder = Directory.CreateTempSubdirectory("immich-ml-test-").FullName;
        Settings given = new Settings()
            .Add("IMMICH_LOG_LEVEL", "verbose")
            .Add("MACHINE_LEARNING_DOWNLOAD", "off")
            .Add(MlClientOptions.SocketVariable, Path.Combine(folder, "immich-ml.sock"))
            .Add("MACHINE_LEARNING_CACHE_FOLDER", cache ?? Path.Combine(Repository.Root, "models", "demo"));
        foreach ((string name, string value) in settings)
        {
            given.Add(name, value);
        }

        var log = new CollectedLog();
        IHost host = DaemonHost.Build(DaemonOptions.Read(given), logging => logging.AddProvider(log), gauge: gauge);
        await host.StartAsync();
        return new RunningDaemon(folder, host, log);
    }

    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _host.StopAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Client.DisposeAsync();
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Keeps the lines that were logged.</summary>
sealed class CollectedLog : ILoggerProvider, ILogger
{
    readonly ConcurrentQueue<string> _lines = new();

    public IEnumerable<string> Lines => _lines;

    /// <summary>Part of the lines that are thrown back instead: for what nobody reckons with.</summary>
    public string? FailsAt { get; set; }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
        string> formatter)
    {
        string line = formatter(state, exception);
        if (FailsAt is { } part && line.Contains(part, StringComparison.Ordinal))
        {
            throw new NotSupportedException(line);
        }

        _lines.Enqueue($"{logLevel}: {line} {exception?.Message}".TrimEnd());
    }

    public void Dispose()
    {
    }
}
