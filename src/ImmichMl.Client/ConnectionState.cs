namespace ImmichMl.Client;

/// <summary>Where an <see cref="MlConnection"/> stands. It only ever moves down this list.</summary>
enum ConnectionState
{
    /// <summary>The socket is being connected; nobody has the connection yet.</summary>
    Connecting,

    /// <summary>Requests are sent and answers read.</summary>
    Open,

    /// <summary>Something ended it: the cause is settled, the socket given up, and every open request fails with that cause.</summary>
    Closing,

    /// <summary>Nothing is read any more either.</summary>
    Closed,
}
