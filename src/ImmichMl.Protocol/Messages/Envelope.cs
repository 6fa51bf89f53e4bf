using System.Text;

namespace ImmichMl.Protocol.Messages;

/// <summary>
/// The keys that every request has, read before the rest and in whatever order they stand, so that an error in the rest can
/// still be answered to the right id.
/// </summary>
readonly record struct Envelope(ulong Id, bool? Spoken, string? Operation, ProtocolException? Fault)
{
    public static Envelope Read(in ReadOnlySequence<byte> payload)
    {
        var reader = new MessagePackReader(payload);
        Span<byte> word = stackalloc byte[WireReading.MaxKeyBytes];
        ulong id = 0;
        bool? spoken = null;
        string? operation = null;
        ProtocolException? fault = null;
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            MessagePackReader value = reader;
            try
            {
                ReadOnlySpan<byte> name = word[..value.ReadKey(word)];
                if (name.SequenceEqual("id"u8))
                {
                    id = value.ReadUnsigned("id");
                }
                else if (name.SequenceEqual("v"u8))
                {
                    spoken = value.ReadInteger("v") == Request.Version;
                }
                else if (name.SequenceEqual("op"u8))
                {
                    operation = Encoding.UTF8.GetString(word[..value.ReadKey(word, "op")]);
                }
            }
            catch (ProtocolException e)
            {
                fault ??= e;
            }

            reader.Skip();
            reader.Skip();
        }

        return new Envelope(id, spoken, operation, fault);
    }

    /// <summary>The operation of an envelope in order. Another version goes before every other fault: its rules may differ.</summary>
    public string Accept()
    {
        if (Spoken == false)
        {
            throw new ProtocolException(ErrorCode.UnsupportedVersion, $"Only version {Request.Version} is spoken here.");
        }

        if (Fault is not null)
        {
            throw Fault;
        }

        if (Id == 0)
        {
            throw ProtocolException.Invalid("id must be an integer over 0.");
        }

        return Spoken is null
            ? throw ProtocolException.Invalid("v is missing.")
            : Operation ?? throw ProtocolException.Invalid("op is missing.");
    }
}
