using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImmichMl.Client;
using ImmichMl.Daemon;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Gateway;

/// <summary>The composition root: Kestrel with nothing around it, and one place that every request goes to.</summary>
static class GatewayHost
{
    public static WebApplication Build(GatewayOptions options, Action<ILoggingBuilder>? logging = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.SetMinimumLevel(LevelOf(options.LogLevel));
        (logging ?? (standard => standard.AddProvider(new StderrLoggerProvider(TimeProvider.System))))(builder.Logging);

        // Kestrel tells of every caller that hangs up; what matters of it stands in our own log.
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        X509Certificate2? certificate = ReadCertificate(options);
        builder.WebHost.UseKestrelCore();
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, certificate));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(Access.Read(options));
        builder.Services.AddSingleton(new UploadBudget(options.BodyBytesInFlight));
        builder.Services.AddSingleton<Traffic>();
        builder.Services.AddSingleton<DaemonLink>();
        builder.Services.AddSingleton<DaemonState>();
        builder.Services.AddSingleton<PredictEndpoint>();
        builder.Services.AddSingleton<HealthEndpoint>();
        builder.Services.AddSingleton<MetricsEndpoint>();
        builder.Services.AddSingleton<StatusEndpoint>();
        builder.Services.AddSingleton<Endpoints>();
        WebApplication gateway = builder.Build();
        Endpoints endpoints = gateway.Services.GetRequiredService<Endpoints>();
        ((IApplicationBuilder)gateway).Run(endpoints.AnswerAsync);
        return gateway;
    }

    static void Configure(KestrelServerOptions kestrel, GatewayOptions options, X509Certificate2? certificate)
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
        var inherited = false;

        // LISTEN_PID and LISTEN_FDS as systemd's socket activation sets them.
        kestrel.UseSystemd(listen =>
        {
            inherited = true;
            Speak(listen, certificate);
        });
        if (inherited)
        {
            return;
        }

        if (options.HttpSocket.Length > 0)
        {
            kestrel.ListenUnixSocket(Path.GetFullPath(options.HttpSocket), listen => Speak(listen, certificate));
        }
        else
        {
            kestrel.Listen(AddressOf(options.Host), options.Port, listen => Speak(listen, certificate));
        }
    }

    static void Speak(ListenOptions listen, X509Certificate2? certificate)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (certificate is not null)
        {
            listen.UseHttps(certificate);
        }
    }

    static IPAddress AddressOf(string host)
    {
        string bare = host.Trim('[', ']');
        return bare is "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(bare, out IPAddress? address) ? address
            : throw new OperatorException(string.Create(CultureInfo.InvariantCulture, $"IMMICH_HOST={host} is not an address."));
    }

    static X509Certificate2? ReadCertificate(GatewayOptions options)
    {
        if (options.TlsCertificate.Length == 0 && options.TlsKey.Length == 0)
        {
            return null;
        }

        if (options.TlsCertificate.Length == 0 || options.TlsKey.Length == 0)
        {
            throw new OperatorException("MACHINE_LEARNING_TLS_CERTIFICATE and MACHINE_LEARNING_TLS_KEY are set together or not at all.");
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(options.TlsCertificate, options.TlsKey);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The certificate in {options.TlsCertificate} and {options.TlsKey} cannot be used: {e.Message}");
        }
    }

    /// <summary>The original's words, any case.</summary>
    static LogLevel LevelOf(string word) => word.ToUpperInvariant() switch
    {
        "VERBOSE" or "DEBUG" => LogLevel.Debug,
        "WARN" or "WARNING" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" => LogLevel.Critical,
        _ => LogLevel.Information,
    };
}
