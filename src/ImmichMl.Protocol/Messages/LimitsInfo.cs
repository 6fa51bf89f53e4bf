using MessagePack;

namespace ImmichMl.Protocol.Messages;

/// <summary>What a peer must stay within, and what all peers share.</summary>
public sealed record LimitsInfo
{
    /// <summary>The largest payload, in bytes.</summary>
    public long MaxFrameBytes { get; init; }

    /// <summary>The largest encoded image, in bytes.</summary>
    public long MaxImageBytes { get; init; }

    /// <summary>The largest picture, in pixels.</summary>
    public long MaxImagePixels { get; init; }

    /// <summary>Bytes of frames that all peers together may have in flight; past it a frame waits unread.</summary>
    public long FrameBytesInFlight { get; init; }

    /// <summary>Decoded pixels that all requests together may have in flight; past it a picture waits.</summary>
    public long PixelsInFlight { get; init; }

    /// <summary>Requests that may wait; past it the answer is <c>overloaded</c>.</summary>
    public long Queue { get; init; }

    /// <summary>Connections at once; past it a connection is closed as it comes.</summary>
    public long Connections { get; init; }

    /// <summary>Open requests of one connection; past it the answer is <c>overloaded</c>.</summary>
    public long RequestsPerConnection { get; init; }

    internal void Write(ref MessagePackWriter writer)
    {
        writer.WriteMapHeader(8);
        writer.WriteString("maxFrameBytes"u8);
        writer.Write(MaxFrameBytes);
        writer.WriteString("maxImageBytes"u8);
        writer.Write(MaxImageBytes);
        writer.WriteString("maxImagePixels"u8);
        writer.Write(MaxImagePixels);
        writer.WriteString("frameBytesInFlight"u8);
        writer.Write(FrameBytesInFlight);
        writer.WriteString("pixelsInFlight"u8);
        writer.Write(PixelsInFlight);
        writer.WriteString("queue"u8);
        writer.Write(Queue);
        writer.WriteString("connections"u8);
        writer.Write(Connections);
        writer.WriteString("requestsPerConnection"u8);
        writer.Write(RequestsPerConnection);
    }

    internal static LimitsInfo Read(ref MessagePackReader reader)
    {
        var limits = new LimitsInfo();
        for (int left = reader.ReadMap("limits"); left > 0; left--)
        {
            string key = reader.ReadKey();
            if (reader.NextMessagePackType != MessagePackType.Integer)
            {
                reader.Skip();
                continue;
            }

            long value = reader.ReadCount(key);
            limits = key switch
            {
                "maxFrameBytes" => limits with { MaxFrameBytes = value },
                "maxImageBytes" => limits with { MaxImageBytes = value },
                "maxImagePixels" => limits with { MaxImagePixels = value },
                "frameBytesInFlight" => limits with { FrameBytesInFlight = value },
                "pixelsInFlight" => limits with { PixelsInFlight = value },
                "queue" => limits with { Queue = value },
                "connections" => limits with { Connections = value },
                "requestsPerConnection" => limits with { RequestsPerConnection = value },
                _ => limits,
            };
        }

        return limits;
    }
}
