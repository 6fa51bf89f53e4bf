using Microsoft.Extensions.Logging;

namespace ImmichMl.Service;

/// <summary>From which level on events are written, where that may change while the program runs.</summary>
public sealed class LogThreshold
{
    public LogLevel Level { get; set; }

    /// <summary>IMMICH_LOG_LEVEL's words, the original's, in any case; one that is not known counts as info.</summary>
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
