using ImmichMl.Daemon.Serving;
using ImmichMl.Imaging;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Faces;
using ImmichMl.Inference.Loading;
using ImmichMl.Inference.Ocr;
using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Requests;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>The settings of every room.</summary>
sealed record DaemonOptions(
    ServeOptions Serve, RuntimeOptions Runtime, ImageLimits Images, ClipOptions Clip, FaceOptions Faces, OcrOptions Ocr, ModelOptions Models,
    ResidencyOptions Residency, PreloadOptions Preload, HubOptions Hub, DeviceOptions Devices)
{
    /// <param name="settings">What was given.</param>
    /// <param name="room">What limits that were not given follow from; null: this machine's.</param>
    public static DaemonOptions Read(Settings settings, MemoryRoom? room = null)
    {
        var options = new DaemonOptions(
            settings.Read<ServeOptions>(), settings.Read<RuntimeOptions>(), settings.Read<ImageLimits>(), settings.Read<ClipOptions>(),
            settings.Read<FaceOptions>(), settings.Read<OcrOptions>(), settings.Read<ModelOptions>(), settings.Read<ResidencyOptions>(),
            settings.Read<PreloadOptions>(), settings.Read<HubOptions>(), settings.Read<DeviceOptions>());
        MemoryPlan.Fit(options, settings, room ?? MemoryRoom.Now());
        return options;
    }

    /// <summary>Takes over what may change while these are in use; names every setting that differs.</summary>
    public IEnumerable<(string Name, bool Taken)> TakeOver(DaemonOptions fresh) =>
    [
        .. Settings.TakeOver(Serve, fresh.Serve), .. Settings.TakeOver(Runtime, fresh.Runtime), .. Settings.TakeOver(Images, fresh.Images),
        .. Settings.TakeOver(Clip, fresh.Clip), .. Settings.TakeOver(Faces, fresh.Faces), .. Settings.TakeOver(Ocr, fresh.Ocr),
        .. Settings.TakeOver(Models, fresh.Models), .. Settings.TakeOver(Residency, fresh.Residency), .. Settings.TakeOver(Preload, fresh.Preload),
        .. Settings.TakeOver(Hub, fresh.Hub), .. Settings.TakeOver(Devices, fresh.Devices),
    ];

    public IEnumerable<(string Name, string Value, string Description)> Describe() =>
    [
        .. Settings.Describe(Serve), .. Settings.Describe(Runtime), .. Settings.Describe(Images), .. Settings.Describe(Clip),
        .. Settings.Describe(Faces), .. Settings.Describe(Ocr), .. Settings.Describe(Models), .. Settings.Describe(Residency),
        .. Settings.Describe(Preload), .. Settings.Describe(Hub), .. Settings.Describe(Devices),
    ];
}

/// <summary>The composition root: which rooms there are and who gets whom.</summary>
static class DaemonHost
{
    /// <param name="options">What is in force.</param>
    /// <param name="logging">Where events go; null for stderr.</param>
    /// <param name="again">Reads the settings once more, for a reload; null where they cannot have changed.</param>
    /// <param name="own">This program, which prepares models; null: none are prepared.</param>
    public static IHost Build(DaemonOptions options, Action<ILoggingBuilder>? logging = null, Func<DaemonOptions>? again = null, OwnProgram? own = null)
    {
        var threshold = new LogThreshold { Level = LevelOf(options.Serve.LogLevel) };
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(logging is null ? LogLevel.Trace : threshold.Level);
        (logging ?? (standard => standard.AddProvider(new StderrLoggerProvider(TimeProvider.System, threshold))))(builder.Logging);

        // What keeps the host from starting or stopping comes out of it as well, and is told once, without a stack.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        IServiceCollection services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(options.Serve);
        services.AddSingleton(options.Runtime);
        services.AddSingleton(options.Images);
        services.AddSingleton(options.Faces);
        services.AddSingleton(options.Clip);
        services.AddSingleton(options.Ocr);
        services.AddSingleton(options.Models);
        services.AddSingleton(options.Residency);
        services.AddSingleton(options.Preload);
        services.AddSingleton(options.Hub);
        services.AddSingleton<ModelCatalog>();
        services.AddSingleton<ModelStore>();
        services.AddSingleton(FindDevices(options));
        services.AddSingleton<PreparedModels>();
        services.AddSingleton<ModelFootprint>();
        services.AddSingleton<ModelArrival>();
        services.AddSingleton<SessionFactory>();
        services.AddSingleton<ModelLoader>();
        services.AddSingleton(provider => new SessionCache(provider.GetRequiredService<ModelLoader>().Load, TimeProvider.System));
        services.AddSingleton<InferenceQueue>();
        services.AddSingleton<DecodeQueue>();
        services.AddSingleton<Pipeline>();
        services.AddSingleton<Residency>();
        services.AddSingleton<Preparation>();
        if (own is not null)
        {
            services.AddSingleton(own);
        }

        services.AddSingleton<Preload>();
        services.AddSingleton<Statistics>();
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

    /// <exception cref="OperatorException">An accelerator must be there and is not.</exception>
    static DeviceList FindDevices(DaemonOptions options)
    {
        try
        {
            if (options.Devices.OnnxRuntimeDir.Length > 0)
            {
                RuntimeLibrary.UseFolder(options.Devices.OnnxRuntimeDir);
            }

            return DeviceDiscovery.Find(options.Devices, options.Models.CacheFolder);
        }
        catch (ProviderMissingException e)
        {
            throw new OperatorException(e.Message);
        }
    }

    public static LogLevel LevelOf(string word) => word.Trim().ToUpperInvariant() switch
    {
        "VERBOSE" => LogLevel.Trace,
        "DEBUG" => LogLevel.Debug,
        "WARN" or "WARNING" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" or "FATAL" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
