using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ImmichMl.Gateway.Upstreams;
using Yarp.ReverseProxy.Forwarder;

namespace ImmichMl.Gateway;

/// <summary>The composition root: Kestrel with nothing around it, and one handler for every request.</summary>
static class GatewayHost
{
    static readonly StrictLength s_strictLength = new();

    public static WebApplication Build(GatewayOptions options, Action<ILoggingBuilder>? logging = null, TimeProvider? time = null)
    {
        // RFC 9112, 2.2 allows a bare line feed to end a line; what reads it otherwise on the way sees other requests than we do.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        WebApplication? gateway = null;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LogThreshold.LevelOf(options.LogLevel));
        (logging ?? (standard => standard.AddProvider(new StderrLoggerProvider(TimeProvider.System))))(builder.Logging);

        // Kestrel tells of every caller that hangs up; what matters of it stands in our own log.
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);

        // Why it does not start is told by the program, in one line and without a stack.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel",
            level => level >= LogLevel.Error && gateway?.Lifetime.ApplicationStarted.IsCancellationRequested == true);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        SslStreamCertificateContext? certificate = TlsCertificate.Read(options);
        builder.WebHost.UseKestrelCore();
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, certificate));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10 + options.DrainDelaySeconds));
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(Access.Read(options));
        builder.Services.AddSingleton<UploadBudget>();
        builder.Services.AddSingleton<BrowserGuard>();
        builder.Services.AddSingleton<Traffic>();
        builder.Services.AddSingleton<Drain>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Drain>());
        builder.Services.AddSingleton<ConnectionLife>();
        builder.Services.AddSingleton<LoadReport>();
        builder.Services.AddSingleton<InferenceProtocolEndpoint>();
        builder.Services.AddSingleton<DaemonLink>();
        builder.Services.AddSingleton<DaemonState>();
        builder.Services.AddSingleton<PredictEndpoint>();
        builder.Services.AddSingleton<HealthEndpoint>();
        builder.Services.AddSingleton<MetricsEndpoint>();
        builder.Services.AddSingleton<StatusEndpoint>();
        builder.Services.AddSingleton<Endpoints>();
        if (options.HasUpstreams)
        {
            AddUpstreams(builder, options);
        }

        gateway = builder.Build();
        Endpoints endpoints = gateway.Services.GetRequiredService<Endpoints>();
        ((IApplicationBuilder)gateway).Run(endpoints.AnswerAsync);
        return gateway;
    }

    /// <summary>Only where there are some: who has none pays nothing for them.</summary>
    static void AddUpstreams(WebApplicationBuilder builder, GatewayOptions options)
    {
        // Its lines hold whole URLs, and a path may be a key.
        builder.Logging.AddFilter("Yarp", LogLevel.None);

        // As AddHttpForwarder registers it, without its transforms and routes, which nobody asks for here: 2 MB of program.
        builder.Services.AddSingleton(services => (IHttpForwarder)ActivatorUtilities.CreateInstance(
            services, Type.GetType("Yarp.ReverseProxy.Forwarder.HttpForwarder, Yarp.ReverseProxy", throwOnError: true)!));
        builder.Services.AddSingleton(new UpstreamRoutes(options));
        builder.Services.AddSingleton<UpstreamPool>();
        builder.Services.AddSingleton<UpstreamForwarder>();
        builder.Services.AddSingleton<UpstreamRouter>();
        builder.Services.AddSingleton<WakeUp>();
        builder.Services.AddSingleton<UpstreamWatch>();
        builder.Services.AddHostedService(services => services.GetRequiredService<UpstreamWatch>());
    }

    static void Configure(KestrelServerOptions kestrel, GatewayOptions options, SslStreamCertificateContext? certificate)
    {
        kestrel.AddServerHeader = false;
        KestrelServerLimits limits = kestrel.Limits;
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(options.KeepAliveSeconds);
        limits.MaxRequestBodySize = options.MaxBodyBytes;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.MinRequestBodyDataRate = options.MinBodyBytesPerSecond > 0
            ? new MinDataRate(options.MinBodyBytesPerSecond, TimeSpan.FromSeconds(5))
            : null;
        kestrel.RequestHeaderEncodingSelector = name =>
            name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) ? s_strictLength : null;

        // LISTEN_PID and LISTEN_FDS as systemd's socket activation sets them.
        if (ListenAddresses.CountInherited() > 0)
        {
            kestrel.UseSystemd(listen => Speak(listen, certificate));
        }
        else if (options.HttpSocket.Length > 0)
        {
            kestrel.ListenUnixSocket(ListenAddresses.CheckPath(options.HttpSocket), listen => Speak(listen, certificate));
        }
        else
        {
            ILogger log = kestrel.ApplicationServices.GetRequiredService<ILogger<RunningGateway>>();
            foreach (IPAddress address in ListenAddresses.Choose(options.Host, log))
            {
                kestrel.Listen(address, options.Port, listen => Speak(listen, certificate));
            }
        }

        if (options.AgentPort > 0)
        {
            AgentPort agent = ActivatorUtilities.CreateInstance<AgentPort>(kestrel.ApplicationServices);
            ILogger log = kestrel.ApplicationServices.GetRequiredService<ILogger<RunningGateway>>();
            foreach (IPAddress address in ListenAddresses.Choose(options.Host, log))
            {
                kestrel.Listen(address, options.AgentPort, listen => listen.Run(agent.AnswerAsync));
            }
        }
    }

    static void Speak(ListenOptions listen, SslStreamCertificateContext? certificate)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (certificate is not null)
        {
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate }),
            });
        }
    }
}
