namespace ImmichMl.Protocol.Messages;

/// <summary>Why a request has no result.</summary>
public sealed record ErrorDetail
{
    const int MaxMessageBytes = 64 * 1024;

    /// <summary>The code that programs look at.</summary>
    public required ErrorCode Code { get; init; }

    /// <summary>A sentence for people; programs must not read it.</summary>
    public required string Message { get; init; }

    /// <summary>True when the same request may succeed later.</summary>
    public required bool Retryable { get; init; }

    /// <summary>Milliseconds after which to ask again, 0 or more; null where that is not known.</summary>
    public int? RetryAfterMs { get; init; }

    static readonly MapCodec<ErrorDetail> s_map = new MapCodec<ErrorDetail>(
        new() { Code = ErrorCode.FromName(""), Message = "", Retryable = false })
        .Add("code", Codecs.Name, e => e.Code.Name, (e, value) => e with { Code = ErrorCode.FromName(value) })
        .Add("message", Codecs.Text(MaxMessageBytes), e => e.Message, (e, value) => e with { Message = value })
        .Add("retryable", Codecs.Flag, e => e.Retryable, (e, value) => e with { Retryable = value })
        .Maybe("retryAfterMs", Codecs.Int32, e => e.RetryAfterMs, (e, value) => e with { RetryAfterMs = value });

    internal void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads twice: where <c>retryable</c> is missing, the code says it, and that may stand behind it.</summary>
    internal static ErrorDetail Read(ref MessagePackReader reader)
    {
        MessagePackReader again = reader;
        ErrorDetail first = s_map.Read(ref reader, "error");
        return s_map.ReadFields(ref again, first with { Retryable = first.Code.Retryable }, "error");
    }
}
