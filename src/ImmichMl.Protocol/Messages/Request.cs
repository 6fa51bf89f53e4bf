namespace ImmichMl.Protocol.Messages;

/// <summary>What a peer asks for: one frame with <c>v</c>, <c>id</c>, <c>op</c> and the operation's own keys.</summary>
public abstract record Request
{
    /// <summary>The version of the protocol that this library speaks.</summary>
    public const int Version = 1;

    /// <summary>Chosen by the peer, over 0, unique among its open requests.</summary>
    public required ulong Id { get; init; }

    /// <summary>The value of <c>op</c>.</summary>
    public string Operation { get; }

    private protected Request(string operation) => Operation = operation;

    private protected virtual int OwnKeys => 0;

    private protected virtual void WriteOwn(ref MessagePackWriter writer)
    {
    }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(3 + OwnKeys);
        writer.WriteString("v"u8);
        writer.Write(Version);
        writer.WriteString("id"u8);
        writer.Write(Id);
        writer.WriteString("op"u8);
        writer.Write(Operation);
        WriteOwn(ref writer);
    }

    /// <summary>Reads one payload. An image in it is a view into <paramref name="payload"/>, not a copy.</summary>
    /// <exception cref="ProtocolException">The payload is not a request of this version; the exception says what to answer.</exception>
    public static Request Read(in ReadOnlySequence<byte> payload)
    {
        PayloadCheck.Run(payload);
        Envelope envelope = Envelope.Read(payload);
        try
        {
            string operation = envelope.Accept();
            return ReadOwn(operation, envelope.Id, payload);
        }
        catch (ProtocolException e)
        {
            throw e.For(envelope.Id);
        }
    }

    static Request ReadOwn(string operation, ulong id, in ReadOnlySequence<byte> payload)
    {
        var reader = new MessagePackReader(payload);
        return operation switch
        {
            PredictRequest.Name => PredictRequest.Read(ref reader, id),
            PingRequest.Name => new PingRequest { Id = id },
            InfoRequest.Name => new InfoRequest { Id = id },
            ModelsRequest.Name => new ModelsRequest { Id = id },
            StatsRequest.Name => new StatsRequest { Id = id },
            CancelRequest.Name => CancelRequest.Read(ref reader, id),
            LoadRequest.Name => ModelRequest.Read(ref reader, new LoadRequest { Id = id, Model = ModelAddress.None }),
            UnloadRequest.Name => ModelRequest.Read(ref reader, new UnloadRequest { Id = id, Model = ModelAddress.None }),
            _ => throw new ProtocolException(ErrorCode.UnknownOperation, $"There is no operation '{operation}'."),
        };
    }
}
