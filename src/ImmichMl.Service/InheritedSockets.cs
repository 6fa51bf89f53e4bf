using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImmichMl.Service;

/// <summary>sd_listen_fds(3): sockets that a service manager hands over, LISTEN_FDS of them from descriptor 3 on.</summary>
public static partial class InheritedSockets
{
    /// <summary>The first descriptor.</summary>
    public const int First = 3;

    /// <summary>LISTEN_FDS as it was given; null where there is none, or it is for another process than LISTEN_PID names.</summary>
    public static string? Given =>
        Environment.GetEnvironmentVariable("LISTEN_FDS") is { Length: > 0 } count
        && Environment.GetEnvironmentVariable("LISTEN_PID") == Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            ? count : null;

    /// <summary>The one Unix stream socket that was handed over, for good: children are not told of it. Null where nothing was.</summary>
    /// <exception cref="OperatorException">It is something else, or there are several.</exception>
    public static Socket? TakeUnixStream()
    {
        if (Given is not { } count)
        {
            return null;
        }

        Array.ForEach(["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"], name => Environment.SetEnvironmentVariable(name, null));
        if (count != "1")
        {
            throw new OperatorException($"LISTEN_FDS={count}: one listening socket is expected.");
        }

        try
        {
            var socket = new Socket(new SafeSocketHandle(First, ownsHandle: true));
            return socket is { AddressFamily: AddressFamily.Unix, SocketType: SocketType.Stream }
                ? socket : throw new OperatorException("The inherited socket is not a Unix stream socket.");
        }
        catch (SocketException e)
        {
            throw new OperatorException($"The inherited descriptor is not a listening socket: {e.Message}");
        }
    }

    /// <summary>By the kernel's own word: making a Socket of a descriptor that is something else takes it away from its owner.</summary>
    public static bool IsListening(int descriptor)
    {
        const int Level = 1, AcceptsConnections = 30; // SOL_SOCKET and SO_ACCEPTCONN on x86-64 and arm64
        int length = sizeof(int);
        return GetSocketOption(descriptor, Level, AcceptsConnections, out int value, ref length) == 0 && value == 1;
    }

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static partial int GetSocketOption(int descriptor, int level, int name, out int value, ref int length);
}
