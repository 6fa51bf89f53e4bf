namespace ImmichMl.Client;

/// <summary>How an <see cref="MlClient"/> reaches the daemon.</summary>
public sealed record MlClientOptions
{
    /// <summary>Names the daemon's socket for every program that talks to it.</summary>
    public const string SocketVariable = SocketPaths.Variable;

    /// <summary>Where the socket of the system-wide service lies.</summary>
    public const string ServiceSocketPath = SocketPaths.Service;

    /// <summary>Path of the daemon's Unix socket.</summary>
    public string SocketPath { get; init; } = FindSocketPath();

    /// <summary>How long one request may take, connecting included. Infinite by default: a backlog may be long.</summary>
    public TimeSpan RequestTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long a call tries to reach a daemon that is not there, as while it is restarted. Zero by default: not at all.</summary>
    public TimeSpan ReconnectTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>The largest answer to accept, in bytes.</summary>
    public int MaxFrameBytes { get; init; } = FrameReader.DefaultMaxFrameBytes;

    /// <summary>Where timeouts are read from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where a user's own daemon listens: below XDG_RUNTIME_DIR; null where that is not set.</summary>
    public static string? UserSocketPath => SocketPaths.User;

    /// <summary>IMMICH_ML_SOCKET; else the user's own socket if there is one; else the service's.</summary>
    static string FindSocketPath() => Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 } named
        ? named
        : UserSocketPath is { } own && File.Exists(own) ? own : ServiceSocketPath;
}
