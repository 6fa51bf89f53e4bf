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

/// <summary>The composition root: which objects there are and what each is given.</summary>
static class DaemonHost
{
    /// <param name="options">What is in force.</param>
    /// <param name="logging">Where events go; null for stderr.</param>
    /// <param name="again">Reads the settings once more, for a reload; null where they cannot have changed.</param>
    /// <param name="own">This program, which prepares models; null: none are prepared.</param>
    public static IHost Build(DaemonOptions options, Action<ILoggingBuilder>? logging = null, Func<DaemonOptions>? again = null, OwnProgram? own = null)
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
}
