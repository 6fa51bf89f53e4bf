using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Gateway;

/// <summary>Where the gateway listens, where the daemon is, and how much of the gateway callers may take.</summary>
public sealed class GatewayOptions
{
    double? _requestTimeoutSeconds, _drainDelaySeconds;

    [Display(Name = MlClientOptions.SocketVariable, Description = "Path of the daemon's Unix socket")]
    [Required]
    public string DaemonSocket { get; set; } = new MlClientOptions().SocketPath;

    /// <summary>Address to listen on; <c>[::]</c> takes IPv4 too.</summary>
    [Display(Name = "IMMICH_HOST", Description = "Address to listen on; [::] is every address, IPv4 too")]
    [Required]
    public string Host { get; set; } = "[::]";

    /// <summary>Port to listen on; 0 lets the system choose.</summary>
    [Display(Name = "IMMICH_PORT", Description = "Port to listen on")]
    [Range(0, 65535)]
    public int Port { get; set; } = 3003;

    [Display(Name = "MACHINE_LEARNING_HTTP_SOCKET", Description = "Unix socket to speak HTTP on instead of host and port")]
    public string HttpSocket { get; set; } = "";

    /// <summary>Whose entries are taken and answered as; whose numbers come out is the daemon's own setting of the name.</summary>
    [Display(Name = "MACHINE_LEARNING_RULES", Description = "Whose HTTP face this is: 3.3, today's Immich, or 2.7")]
    [AllowedValues(ImmichJson.NewerRules, ImmichJson.OlderRules)]
    public string Rules { get; set; } = ImmichJson.NewerRules;

    /// <summary>Set in Immich's own images.</summary>
    [Display(Name = "DEVICE", Description = "Hardware that the container is for; rocm makes WORKER_TIMEOUT 900 where that is not set")]
    public string Device { get; set; } = "";

    [Display(Name = "IMMICH_LOG_LEVEL", Description = "verbose, debug, log, info, warn, error or critical")]
    public string LogLevel { get; set; } = "info";

    [Display(Name = "MACHINE_LEARNING_HTTP_KEEPALIVE_TIMEOUT_S", Description = "Seconds that an idle HTTP connection is kept")]
    [Range(0.1, 86_400)]
    public double KeepAliveSeconds { get; set => field = value > 0 ? value : 0.1; } = 2;

    [Display(
        Name = "MACHINE_LEARNING_HTTP_REQUESTS_PER_CONNECTION",
        Description = "Requests after which an HTTP connection is closed, so that new replicas get work; 0: any number")]
    [Range(0, 1_000_000)]
    public int RequestsPerConnection { get; set; } = 1000;

    [Display(
        Name = "MACHINE_LEARNING_HTTP_CONNECTION_AGE",
        Description = "Seconds after which an HTTP connection is closed with its next answer; 0: any age")]
    [Range(0d, 86_400d)]
    public double ConnectionAgeSeconds { get; set; } = 60;

    /// <summary>None where the listening socket outlives us: who connects meanwhile waits in it. The unit ends us after 30 s.</summary>
    [Display(
        Name = "MACHINE_LEARNING_HTTP_DRAIN_DELAY",
        Description = "Seconds that requests are still taken once told to stop, while /ready says 503; on a socket handed over 0")]
    [Range(0d, 15d)]
    public double DrainDelaySeconds
    {
        get => _drainDelaySeconds ?? (InheritedSockets.Given is null ? 5 : 0);
        set => _drainDelaySeconds = value;
    }

    [Display(Name = "MACHINE_LEARNING_AGENT_PORT", Description = "Port that answers HAProxy's agent-check; 0: none")]
    [Range(0, 65535)]
    public int AgentPort { get; set; }

    /// <summary>How long one prediction may take, its wait included. 0 turns it off in Immich's server, Gunicorn.</summary>
    [Display(
        Name = "MACHINE_LEARNING_WORKER_TIMEOUT",
        Description = "Seconds that one request may take at the daemon; then 504; 0 or less: a day")]
    [Range(0.1, 86_400)]
    public double RequestTimeoutSeconds
    {
        get => _requestTimeoutSeconds ?? (Device.Equals("rocm", StringComparison.OrdinalIgnoreCase) ? 900 : 300);
        set => _requestTimeoutSeconds = value > 0 ? value : 86_400;
    }

    [Display(
        Name = "MACHINE_LEARNING_RECONNECT_TIMEOUT",
        Description = "Seconds that a request waits for a daemon that is being restarted; then 503")]
    [Range(0d, 3600d)]
    public double ReconnectSeconds { get; set; } = 10;

    [Display(
        Name = "MACHINE_LEARNING_UPSTREAMS",
        Description = "Who answers predictions, commas between: URLs of Immich-compatible services, and local, the daemon")]
    public string Upstreams { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_UPSTREAMS__CLIP__VISUAL",
        Description = "Who answers CLIP for pictures: URLs, local, and remote, the URLs of UPSTREAMS; empty: as UPSTREAMS")]
    public string UpstreamsOfClipVisual { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_UPSTREAMS__CLIP__TEXTUAL", Description = "Who answers searches, such as local,remote")]
    public string UpstreamsOfClipTextual { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_UPSTREAMS__FACIAL_RECOGNITION", Description = "Who answers for faces")]
    public string UpstreamsOfFaces { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_UPSTREAMS__OCR", Description = "Who answers OCR")]
    public string UpstreamsOfOcr { get; set; } = "";

    /// <summary>Immich's server is Node, which gives up at 300 s.</summary>
    [Display(
        Name = "MACHINE_LEARNING_HOLD",
        Description = "Seconds that a request is held while none of its upstreams takes it (searches 5 at most); then 503")]
    [Range(0d, 3600d)]
    public double HoldSeconds { get; set; } = 240;

    [Display(
        Name = "MACHINE_LEARNING_WAKE",
        Description = "What wakes the upstream that requests wait for: its MAC address (MAC@ADDRESS[:PORT]), or a command")]
    public string Wake { get; set; } = "";

    /// <summary>Requests go to other services than the daemon at our socket.</summary>
    public bool HasUpstreams => ((string[])
    [
        Upstreams, UpstreamsOfClipVisual, UpstreamsOfClipTextual, UpstreamsOfFaces, UpstreamsOfOcr,
    ]).Any(list => list.Length > 0);

    [Display(Name = "MACHINE_LEARNING_LENIENT_IMAGES", Description = "Answer faces and OCR of a bad picture with 200 and an empty result")]
    public bool LenientImages { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_API_KEY", Description = "Key that callers must give (Bearer or x-api-key) for all but /ping; empty: none")]
    public string ApiKey { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_API_KEY_FILE",
        Description = "File that holds the key; a systemd credential called api-key is found by itself")]
    public string ApiKeyFile { get; set; } = "";

    [Display(
        Name = "MACHINE_LEARNING_API_KEY_IN_PATH",
        Description = "Take the key as the first part of the path too, as a stock Immich can send it: http://box:3003/KEY/")]
    public bool ApiKeyInPath { get; set; }

    [Display(Name = "MACHINE_LEARNING_TLS_CERTIFICATE", Description = "PEM file of a certificate (and its chain): speak HTTPS")]
    public string TlsCertificate { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_TLS_KEY", Description = "PEM file of the certificate's private key")]
    public string TlsKey { get; set; } = "";

    [Display(Name = "MACHINE_LEARNING_HTTP_MAX_BODY_BYTES", Description = "Largest request body in bytes; more is 413")]
    [Range(1024L, 1_073_741_824L)]
    public long MaxBodyBytes { get; set; } = 129L * 1024 * 1024;

    [Display(
        Name = "MACHINE_LEARNING_HTTP_BODY_BYTES_IN_FLIGHT",
        Description = "Bytes of bodies of all callers together; past it the answer is 503")]
    [Range(1024L, 1_000_000_000_000L)]
    public long BodyBytesInFlight { get; set; } = 512L * 1024 * 1024;

    [Display(Name = "MACHINE_LEARNING_HTTP_MAX_PARTS", Description = "Parts of one multipart body")]
    [Range(2, 100_000)]
    public int MaxParts { get; set; } = 64;

    [Display(Name = "MACHINE_LEARNING_HTTP_MAX_REQUESTS", Description = "Predictions at once; one more is answered 503")]
    [Range(1, 100_000)]
    public int MaxRequests { get; set; } = 512;

    [Display(Name = "MACHINE_LEARNING_HTTP_MAX_CONNECTIONS", Description = "HTTP connections at once; one more is closed as it comes")]
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 1024;

    [Display(
        Name = "MACHINE_LEARNING_HTTP_MIN_BODY_RATE", Description = "Bytes a second that a sender must keep up after 5 seconds; 0: any")]
    [Range(0d, 1e9)]
    public double MinBodyBytesPerSecond { get; set; } = 240;
}
