namespace ImmichMl.Protocol;

/// <summary>
/// The gate in front of every message: a payload is one whole map, no deeper than 16, with nothing after it. It walks without
/// recursion (MessagePackReader.Skip recurses, and 200,000 levels overflow the stack) and allocates nothing.
/// </summary>
static class PayloadCheck
{
    /// <summary>Maps and arrays inside one another, the outermost counted as 1.</summary>
    public const int MaxDepth = 16;

    /// <exception cref="ProtocolException">The payload is malformed; the connection must close.</exception>
    public static void Run(in ReadOnlySequence<byte> payload)
    {
        var reader = new MessagePackReader(payload);
        try
        {
            if (reader.NextMessagePackType != MessagePackType.Map)
            {
                throw ProtocolException.Malformed("A payload must be one MessagePack map.");
            }

            Walk(ref reader);
        }
        catch (Exception e) when (e is EndOfStreamException or MessagePackSerializationException or OverflowException)
        {
            throw ProtocolException.Malformed("The payload is cut short or is not MessagePack.");
        }

        if (!reader.End)
        {
            throw ProtocolException.Malformed("Bytes are left over after the payload's map.");
        }
    }

    static void Walk(ref MessagePackReader reader)
    {
        // How many values each open container still wants; the count of a map is doubled, hence long.
        Span<long> wanted = stackalloc long[MaxDepth];
        int depth = 0;
        do
        {
            long inside = Next(ref reader, depth);
            if (inside > 0)
            {
                wanted[depth++] = inside;
                continue;
            }

            while (depth > 0 && --wanted[depth - 1] == 0)
            {
                depth--;
            }
        }
        while (depth > 0);
    }

    /// <summary>Steps over one value, of a container only its header, and returns how many values it holds.</summary>
    static long Next(ref MessagePackReader reader, int depth)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Map or MessagePackType.Array when depth == MaxDepth:
                throw ProtocolException.Malformed($"The payload nests deeper than {MaxDepth}.");
            case MessagePackType.Map:
                return 2L * reader.ReadMapHeader();
            case MessagePackType.Array:
                return reader.ReadArrayHeader();
            case MessagePackType.Unknown:
                throw ProtocolException.Malformed("The payload holds a byte that MessagePack reserves.");
            default:
                reader.Skip();
                return 0;
        }
    }
}
