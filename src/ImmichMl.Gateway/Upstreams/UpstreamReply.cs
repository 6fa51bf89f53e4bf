namespace ImmichMl.Gateway.Upstreams;

/// <summary>What became of a request at an upstream.</summary>
enum ReplyKind
{
    /// <summary>With what was asked for.</summary>
    Answered,

    /// <summary>The request is at fault, here as anywhere.</summary>
    Refused,

    /// <summary>Too busy, for now.</summary>
    Busy,

    /// <summary>Nobody listens there.</summary>
    Away,

    /// <summary>It broke off before an answer was there.</summary>
    Lost,

    /// <summary>It said something else than it was asked: it is not asked again for this request.</summary>
    Wrong,
}

/// <param name="Kind">What became of it.</param>
/// <param name="Why">For the log and for the caller; nothing of what the upstream wrote.</param>
/// <param name="Status">HTTP status, where there was one.</param>
/// <param name="Body">JSON to hand on: an answer, or <c>{"detail": …}</c>.</param>
/// <param name="ServerTiming">As the upstream gave it, where it is of that form.</param>
/// <param name="RetryAfter">When it wants to be asked again.</param>
sealed record UpstreamReply(
    ReplyKind Kind, string Why, int Status = 0, ReadOnlyMemory<byte> Body = default, string? ServerTiming = null,
    TimeSpan? RetryAfter = null);
