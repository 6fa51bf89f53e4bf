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

    /// <summary>What is no integer is no limit that this version knows.</summary>
    static readonly Codec<long> s_limit = Codecs.Of(ReadLimit, (ref writer, value) => writer.Write(value));

    internal static readonly MapCodec<LimitsInfo> Map = new MapCodec<LimitsInfo>(new())
        .Add("maxFrameBytes", s_limit, l => l.MaxFrameBytes, (l, value) => l with { MaxFrameBytes = value })
        .Add("maxImageBytes", s_limit, l => l.MaxImageBytes, (l, value) => l with { MaxImageBytes = value })
        .Add("maxImagePixels", s_limit, l => l.MaxImagePixels, (l, value) => l with { MaxImagePixels = value })
        .Add("frameBytesInFlight", s_limit, l => l.FrameBytesInFlight, (l, value) => l with { FrameBytesInFlight = value })
        .Add("pixelsInFlight", s_limit, l => l.PixelsInFlight, (l, value) => l with { PixelsInFlight = value })
        .Add("queue", s_limit, l => l.Queue, (l, value) => l with { Queue = value })
        .Add("connections", s_limit, l => l.Connections, (l, value) => l with { Connections = value })
        .Add("requestsPerConnection", s_limit, l => l.RequestsPerConnection, (l, value) => l with { RequestsPerConnection = value });

    static long ReadLimit(ref MessagePackReader reader, string what)
    {
        if (reader.NextMessagePackType == MessagePackType.Integer)
        {
            return reader.ReadCount(what);
        }

        reader.Skip();
        return 0;
    }
}
