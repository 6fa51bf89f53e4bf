using ImmichMl.Daemon.Results;
using ImmichMl.Daemon.Serving;
using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Preparation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Daemon;

/// <summary>The composition root: which objects there are and what each is given.</summary>
public static class DaemonHost
{
    /// <summary>The hidden verb that the daemon starts its own program with to prepare a model; behind it task, type and name.</summary>
    public const string PrepareVerb = "prepare-model";

    /// <summary>Runs the daemon until it is told to stop or stops by itself.</summary>
    /// <param name="options">What is in force.</param>
    /// <param name="again">Reads the settings once more, for a reload.</param>
    /// <param name="unread">Settings that were given and that nothing reads; the log names them.</param>
    /// <param name="gateway">The gateway to run beside it; null: none.</param>
    /// <param name="cancellation">Stops it, besides SIGTERM.</param>
    /// <returns>Why it stopped by itself, to be started again unless it is for the operator to mend; null where it was told to.</returns>
    /// <exception cref="OperatorException">The socket cannot be listened on, or an accelerator must be there and is not.</exception>
    public static async Task<Exception?> RunAsync(
        DaemonOptions options, Func<DaemonOptions> again, IEnumerable<string> unread, GatewayStart? gateway, CancellationToken cancellation)
    {
        using IHost host = Build(options, again: again, own: OwnProgram.Running(), gateway: gateway);
        TellStart(host.Services, options, unread);

        // Asked for before the run: the host is disposed at its end.
        DaemonLifetime lifetime = host.Services.GetServices<IHostedService>().OfType<DaemonLifetime>().Single();
        await host.RunAsync(cancellation);
        return lifetime.Fault;
    }

    static void TellStart(IServiceProvider services, DaemonOptions options, IEnumerable<string> unread)
    {
        ILogger log = services.GetRequiredService<ILogger<DaemonLifetime>>();
        DeviceList devices = services.GetRequiredService<DeviceList>();
        devices.Warned = log.DeviceTrouble;
        devices.Troubles.ToList().ForEach(log.DeviceTrouble);
        log.RunningOn(string.Join(", ", devices.All.AsEnumerable()));
        log.DecodingWith(ImageDecoder.Describe(options.Images.ChosenCodec));
        log.PlannedMemory(MemoryPlan.Describe(options, SystemMemory.Now()));
        if (services.GetRequiredService<GatewayProcess>() is { IsWanted: true } gateway)
        {
            gateway.Unread = [.. unread];
        }
        else
        {
            unread.ToList().ForEach(log.SettingWithoutEffect);
        }

        if (ModelFile.KindOf(options.Models.CacheFolder) == FileKind.Missing)
        {
            log.NoCache(options.Models.CacheFolder);
        }

        services.GetRequiredService<ModelStore>().Unreadable().ToList().ForEach(log.UnreadableCache);
        services.GetRequiredService<ModelCatalog>().Faults.ToList().ForEach(log.CatalogFault);
    }

    /// <param name="options">What is in force.</param>
    /// <param name="logging">Where events go; null for stderr.</param>
    /// <param name="again">Reads the settings once more, for a reload; null where they cannot have changed.</param>
    /// <param name="own">This program, which prepares models; null: none are prepared.</param>
    /// <param name="gateway">The gateway to run beside it; null: none.</param>
    /// <param name="gauge">What tells of memory; null: this machine's files.</param>
    internal static IHost Build(
        DaemonOptions options, Action<ILoggingBuilder>? logging = null, Func<DaemonOptions>? again = null, OwnProgram? own = null,
        GatewayStart? gateway = null, MemoryGauge? gauge = null)
    {
        var threshold = new LogThreshold { Level = LogThreshold.LevelOf(options.Serve.LogLevel) };
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(logging is null ? LogLevel.Trace : threshold.Level);
        (logging ?? (standard => standard.AddProvider(new StderrLoggerProvider(TimeProvider.System, threshold))))(builder.Logging);

        // What keeps the host from starting or stopping comes out of it as well, and is told once, without a stack.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        IServiceCollection services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        foreach (object part in options.Parts)
        {
            services.AddSingleton(part.GetType(), part);
        }

        services.AddSingleton<ModelCatalog>();
        services.AddSingleton<ModelStore>();
        services.AddSingleton(FindDevices(options));
        services.AddSingleton<PreparedModels>();
        services.AddSingleton<ModelFootprint>();
        services.AddSingleton<ModelDownloads>();
        services.AddSingleton<SessionFactory>();
        services.AddSingleton<ModelLoader>();
        services.AddSingleton(provider => new SessionCache(provider.GetRequiredService<ModelLoader>().Load, TimeProvider.System));
        services.AddSingleton<InferenceQueue>();
        services.AddSingleton<DecodeQueue>();
        services.AddSingleton<Pipeline>();
        services.AddSingleton(gauge ?? new MemoryGauge());
        services.AddSingleton<Residency>();
        services.AddSingleton<PressureWatch>();
        services.AddSingleton<Preparation>();
        if (own is not null)
        {
            services.AddSingleton(own);
        }

        services.AddSingleton(provider => new GatewayProcess(
            TimeProvider.System, provider.GetRequiredService<ILogger<GatewayProcess>>(), gateway));
        services.AddSingleton<Preload>();
        services.AddSingleton<Statistics>();
        services.AddSingleton(new ResultCache(options.Serve.ResultCache));
        services.AddSingleton<KnownResults>();
        services.AddSingleton<Answers>();
        services.AddSingleton<Dispatcher>();
        services.AddSingleton<SocketListener>();
        services.AddSingleton<ISystemdNotifier, QuietNotifier>();
        services.AddSingleton<Watchdog>();
        services.AddSingleton(threshold);
        services.AddSingleton(again ?? (() => options));
        services.AddSingleton<Reload>();
        services.AddHostedService<DaemonLifetime>();
        services.Configure<ConsoleLifetimeOptions>(console => console.SuppressStatusMessages = true);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(options.Serve.DrainTimeoutSeconds + 5));
        return builder.Build();
    }

    /// <summary>A daemon of this process alone, to be started and stopped: it says nothing and prepares no models.</summary>
    public static IHost BuildSilent(DaemonOptions options) => Build(options, logging => logging.ClearProviders());

    /// <exception cref="OperatorException">An accelerator must be there and is not.</exception>
    static DeviceList FindDevices(DaemonOptions options)
    {
        try
        {
            return DeviceDiscovery.Find(options.Devices, options.Models.CacheFolder);
        }
        catch (ProviderMissingException e)
        {
            throw new OperatorException(e.Message);
        }
    }
}
