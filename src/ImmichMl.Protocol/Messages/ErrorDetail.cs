using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>Why a request has no result.</summary>
public sealed record ErrorDetail
{
    const int MaxMessageBytes = 64 * 1024;

    /// <summary>The code that programs look at.</summary>
    public required ErrorCode Code { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Message { get; init; }

    /// <summary>True when the same request may succeed later.</summary>
    public required bool Retryable { get; init; }

    /// <summary>Milliseconds after which to ask again; null where that is not known.</summary>
    public int? RetryAfterMs { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(RetryAfterMs is null ? 3 : 4);
        writer.WriteString("code"u8);
        writer.Write(Code.Name);
        writer.WriteString("message"u8);
        writer.Write(Message);
        writer.WriteString("retryable"u8);
        writer.Write(Retryable);
        if (RetryAfterMs is { } after)
        {
            writer.WriteString("retryAfterMs"u8);
            writer.Write(after);
        }
    }

    internal static ErrorDetail Read(ref MessagePackReader reader)
    {
        string code = "";
        string message = "";
        bool? retryable = null;
        int? retryAfterMs = null;
        for (int left = reader.ReadMap("error"); left > 0; left--)
        {
            switch (reader.ReadKey())
            {
                case "code":
                    code = reader.ReadText("code", TaskEntry.MaxNameBytes);
                    break;
                case "message":
                    message = reader.ReadText("message", MaxMessageBytes);
                    break;
                case "retryable":
                    retryable = reader.ReadFlag("retryable");
                    break;
                case "retryAfterMs":
                    retryAfterMs = (int)reader.ReadCount("retryAfterMs", int.MaxValue);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        ErrorCode known = ErrorCode.FromName(code);
        return new ErrorDetail { Code = known, Message = message, Retryable = retryable ?? known.Retryable, RetryAfterMs = retryAfterMs };
    }
}
