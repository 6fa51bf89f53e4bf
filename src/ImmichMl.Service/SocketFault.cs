using System.Net.Sockets;

namespace ImmichMl.Service;

/// <summary>What a fault while accepting means, and what it is called.</summary>
public static class SocketFault
{
    /// <summary>errno(3): no descriptor is left in the whole system.</summary>
    const int SystemFull = 23;

    /// <summary>The peer has gone again before it was accepted: the next one is taken.</summary>
    public static bool IsOfPeer(Exception fault) => fault is SocketException
    {
        SocketErrorCode: SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted,
    };

    /// <summary>Of descriptors or memory: accepting is tried again after a while. Anything else is the socket's end.</summary>
    public static bool IsShortage(Exception fault) => fault is OutOfMemoryException
        or SocketException { SocketErrorCode: SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable };

    /// <summary>.NET has the words of ENFILE ("in system") for EMFILE, which is far more frequent, as well.</summary>
    public static string WordsOf(Exception fault) =>
        fault is SocketException { SocketErrorCode: SocketError.TooManyOpenSockets } && !IsSystemFull()
            ? "Too many open files: this process has as many as it may (LimitNOFILE=, ulimit -n)"
            : fault.Message;

    static bool IsSystemFull()
    {
        try
        {
            File.OpenHandle("/dev/null").Dispose();
            return false;
        }
        catch (IOException e)
        {
            // The error number itself, outside Windows.
            return e.HResult == SystemFull;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
