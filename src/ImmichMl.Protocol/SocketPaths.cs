namespace ImmichMl.Protocol;

/// <summary>Where the daemon's Unix socket lies.</summary>
public static class SocketPaths
{
    /// <summary>Names the daemon's socket for every program that talks to it.</summary>
    public const string Variable = "IMMICH_ML_SOCKET";

    /// <summary>Of the system-wide service.</summary>
    public const string Service = "/run/immich-ml/immich-ml.sock";

    /// <summary>Of a user's own daemon: below XDG_RUNTIME_DIR; null where that is not set.</summary>
    public static string? User =>
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } folder ? Path.Combine(folder, "immich-ml.sock") : null;
}
