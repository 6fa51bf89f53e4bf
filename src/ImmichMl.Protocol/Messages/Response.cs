namespace ImmichMl.Protocol.Messages;

/// <summary>The answer to one request: either a result or an error.</summary>
public sealed record Response
{
    /// <summary>The request's id; 0 where the daemon could not tell it.</summary>
    public required ulong Id { get; init; }

    /// <summary>What was asked for; null for an error.</summary>
    public Result? Result { get; init; }

    /// <summary>Why there is no result; null on success.</summary>
    public ErrorDetail? Error { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(2);
        writer.WriteString("id"u8);
        writer.Write(Id);
        if (Error is not null)
        {
            writer.WriteString("error"u8);
            Error.Write(ref writer);
        }
        else
        {
            writer.WriteString("result"u8);
            (Result ?? EmptyResult.Instance).Write(ref writer);
        }
    }

    /// <summary>Reads one payload.</summary>
    /// <param name="payload">A frame's payload.</param>
    /// <param name="readResult">How an id's result is read, as by <see cref="PredictResult.Read"/>; null where it is not open.</param>
    /// <exception cref="ProtocolException">The payload is not a response.</exception>
    public static Response Read(in ReadOnlySequence<byte> payload, Func<ulong, ResultReader?> readResult)
    {
        ArgumentNullException.ThrowIfNull(readResult);
        PayloadCheck.Run(payload);
        ulong? id = null;
        ErrorDetail? error = null;
        MessagePackReader result = default;
        bool hasResult = false;
        var reader = new MessagePackReader(payload);
        Span<byte> key = stackalloc byte[WireReading.MaxKeyBytes];
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            ReadOnlySpan<byte> name = key[..reader.ReadKey(key)];
            if (name.SequenceEqual("id"u8))
            {
                id = reader.ReadUnsigned("id");
                continue;
            }

            if (name.SequenceEqual("error"u8))
            {
                error = ErrorDetail.Read(ref reader);
                continue;
            }

            if (name.SequenceEqual("result"u8))
            {
                result = reader;
                hasResult = true;
            }

            reader.Skip();
        }

        if (id is null || hasResult == error is not null)
        {
            throw ProtocolException.Invalid("A response has an id and either a result or an error.");
        }

        return new Response
        {
            Id = id.Value,
            Error = error,
            Result = hasResult ? readResult(id.Value)?.Invoke(ref result) : null,
        };
    }
}

/// <summary>Reads one operation's result.</summary>
/// <param name="reader">Stands at the result's map.</param>
public delegate Result ResultReader(ref MessagePackReader reader);

/// <summary>What an operation answers with.</summary>
public abstract record Result
{
    internal abstract void Write(ref MessagePackWriter writer);
}

/// <summary>The result of <c>ping</c>, <c>load</c> and <c>unload</c>: done.</summary>
public sealed record EmptyResult : Result
{
    /// <summary>The only one.</summary>
    public static readonly EmptyResult Instance = new();

    internal override void Write(ref MessagePackWriter writer) => writer.WriteMapHeader(0);

    /// <summary>Reads the result's map.</summary>
    public static EmptyResult Read(ref MessagePackReader reader)
    {
        reader.Skip();
        return Instance;
    }
}

/// <summary>The result of <c>cancel</c>.</summary>
/// <param name="Cancelled">True when the target was open.</param>
public sealed record CancelResult(bool Cancelled) : Result
{
    static readonly MapCodec<CancelResult> s_map = new MapCodec<CancelResult>(new CancelResult(false))
        .Add("cancelled", Codecs.Flag, r => r.Cancelled, (_, value) => new CancelResult(value));

    internal override void Write(ref MessagePackWriter writer) => s_map.Write(ref writer, this);

    /// <summary>Reads the result's map.</summary>
    public static CancelResult Read(ref MessagePackReader reader) => s_map.Read(ref reader, "result");
}
