using System.ComponentModel.DataAnnotations;

namespace ImmichMl.Daemon.Serving;

/// <summary>The socket, and how much of it peers may take.</summary>
public sealed class ServeOptions
{
    /// <summary>Path of the Unix socket to listen on, unless systemd hands one over.</summary>
    [Display(Name = SocketPaths.Variable, Description = "Path of the Unix socket")]
    [Required]
    public string SocketPath { get; set; } = SocketPaths.User ?? SocketPaths.Service;

    /// <summary>Threshold of the log: verbose, debug, log, info, warn, error, critical; an unknown word counts as info.</summary>
    [Display(Name = "IMMICH_LOG_LEVEL", Description = "verbose, debug, log, info, warn, error or critical", GroupName = Settings.Live)]
    public string LogLevel { get; set; } = "info";

    [Display(Name = "MACHINE_LEARNING_MAX_FRAME_BYTES", Description = "Largest frame in bytes")]
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxFrameBytes { get; set; } = FrameReader.DefaultMaxFrameBytes;

    /// <summary>Bytes of frames in flight, all peers together. Frames up to 64 KiB do not count, so pings always come through.</summary>
    [Display(
        Name = "MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT",
        Description = "Bytes of frames of all peers together; past it a frame waits unread")]
    [Range(1024L * 1024, 1_000_000_000_000L)]
    public long FrameBytesInFlight { get; set; } = 256L * 1024 * 1024;

    [Display(
        Name = "MACHINE_LEARNING_MAX_CONNECTIONS", GroupName = Settings.Live,
        Description = "Connections at once; one more is closed as it comes")]
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 1024;

    [Display(
        Name = "MACHINE_LEARNING_REQUESTS_PER_CONNECTION",
        Description = "Open requests of one connection; one more is answered 'overloaded'")]
    [Range(1, 100_000)]
    public int RequestsPerConnection { get; set; } = 1024;

    /// <summary>Answers that are kept for requests that come again; they take 16 MB at most.</summary>
    [Display(
        Name = "MACHINE_LEARNING_RESULT_CACHE",
        Description = "Latest answers that are kept for jobs that come again with the same bytes and tasks; 0: none")]
    [Range(0, 100_000)]
    public int ResultCache { get; set; }

    [Display(
        Name = "MACHINE_LEARNING_STALL_TIMEOUT",
        Description = "Seconds that a half-sent frame may stand still, or an answer stay unread, before the connection is closed")]
    [Range(0.1, 86_400)]
    public double StallTimeoutSeconds { get; set; } = 30;

    /// <summary>How long a frame may take from its first byte to its last, however steadily it trickles.</summary>
    [Display(Name = "MACHINE_LEARNING_FRAME_TIMEOUT", Description = "Seconds that one frame may take to arrive")]
    [Range(0.1, 86_400)]
    public double FrameTimeoutSeconds { get; set; } = 120;

    [Display(
        Name = "MACHINE_LEARNING_DRAIN_TIMEOUT", GroupName = Settings.Live,
        Description = "Seconds that open requests may go on after SIGTERM")]
    [Range(0d, 3600d)]
    public double DrainTimeoutSeconds { get; set; } = 10;
}
