namespace ImmichMl.Protocol;

/// <summary>What arrived is not what PROTOCOL.md says.</summary>
public sealed class ProtocolException : Exception
{
    /// <summary>An error that answers request <paramref name="id"/>.</summary>
    /// <param name="code">The code to answer with.</param>
    /// <param name="message">A sentence for the peer.</param>
    /// <param name="id">The request's id; 0 where it cannot be told.</param>
    /// <param name="framingLost">True when the connection must close because the next frame cannot be trusted.</param>
    public ProtocolException(ErrorCode code, string message, ulong id = 0, bool framingLost = false)
        : base(message)
    {
        ArgumentNullException.ThrowIfNull(code);
        Code = code;
        Id = id;
        Closes = framingLost || code.ClosesConnection;
    }

    /// <summary>The code to answer with.</summary>
    public ErrorCode Code { get; }

    /// <summary>The request's id; 0 where it cannot be told.</summary>
    public ulong Id { get; }

    /// <summary>True when the connection closes after the answer.</summary>
    public bool Closes { get; }

    internal static ProtocolException Invalid(string message) => new(ErrorCode.InvalidRequest, message);

    internal static ProtocolException Malformed(string message) => new(ErrorCode.InvalidRequest, message, framingLost: true);

    internal ProtocolException For(ulong id) => Id == id ? this : new ProtocolException(Code, Message, id, Closes);
}
