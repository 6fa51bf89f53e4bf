using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImmichMl.Daemon.Serving;

/// <summary>The socket to accept on: handed over by systemd, or bound to a path of our own with mode 0660.</summary>
sealed partial class ListenSocket : IDisposable
{
    const int Backlog = 512;

    /// <summary>The first descriptor that a service manager passes.</summary>
    const int FirstPassedDescriptor = 3;

    const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    string? _ownPath;

    ListenSocket(Socket socket, string name, string? ownPath)
    {
        Socket = socket;
        Name = name;
        _ownPath = ownPath;
    }

    public Socket Socket { get; }

    /// <summary>What to call it in the log.</summary>
    public string Name { get; }

    /// <exception cref="OperatorException">The path is in use, or is no place for a socket.</exception>
    public static ListenSocket Open(string path) => Inherit() ?? Bind(path);

    /// <summary>sd_listen_fds(3): LISTEN_FDS counts from descriptor 3, and holds for the process that LISTEN_PID names alone.</summary>
    static ListenSocket? Inherit()
    {
        string? count = Environment.GetEnvironmentVariable("LISTEN_FDS");
        if (string.IsNullOrEmpty(count)
            || Environment.GetEnvironmentVariable("LISTEN_PID") != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return null;
        }

        // Not for our own children.
        Environment.SetEnvironmentVariable("LISTEN_FDS", null);
        Environment.SetEnvironmentVariable("LISTEN_PID", null);
        Environment.SetEnvironmentVariable("LISTEN_FDNAMES", null);
        if (count != "1")
        {
            throw new OperatorException($"LISTEN_FDS={count}: one listening socket is expected.");
        }

        try
        {
            var socket = new Socket(new SafeSocketHandle(FirstPassedDescriptor, ownsHandle: true));
            return socket.AddressFamily == AddressFamily.Unix && socket.SocketType == SocketType.Stream
                ? new ListenSocket(socket, socket.LocalEndPoint?.ToString() ?? "an inherited socket", ownPath: null)
                : throw new OperatorException("The inherited socket is not a Unix stream socket.");
        }
        catch (SocketException e)
        {
            throw new OperatorException($"The inherited descriptor is not a listening socket: {e.Message}");
        }
    }

    /// <summary>Binds beside the path and moves the socket into place once its mode is right: it is never there with another.</summary>
    static ListenSocket Bind(string path)
    {
        path = Path.GetFullPath(path);
        RemoveStale(path);
        string aside = $"{path}.{Environment.ProcessId}";
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(aside);
            socket.Bind(new UnixDomainSocketEndPoint(aside));
            File.SetUnixFileMode(aside, Mode);
            socket.Listen(Backlog);
            File.Move(aside, path, overwrite: true);
            return new ListenSocket(socket, path, path);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            socket.Dispose();
            throw new OperatorException($"Cannot listen on {path}: {e.Message}");
        }
    }

    static void RemoveStale(string path)
    {
        switch (KindOf(path))
        {
            case FileKind.None:
                return;
            case FileKind.Other:
                throw new OperatorException($"Cannot listen on {path}: it is there and is not a socket. It was left alone.");
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused)
        {
            return;
        }
        catch (SocketException e)
        {
            throw new OperatorException($"Cannot listen on {path}: whether a daemon is there cannot be told: {e.Message}");
        }

        throw new OperatorException($"Cannot listen on {path}: a daemon is listening there already.");
    }

    /// <summary>.NET does not tell a socket from a file, and stat's layout differs by processor; statx's does not (mode at byte 28).</summary>
    static FileKind KindOf(string path)
    {
        const int CurrentFolder = -100, NoFollow = 0x100, TypeOnly = 1;
        Span<byte> found = stackalloc byte[256];
        return StatX(CurrentFolder, path, NoFollow, TypeOnly, found) != 0 ? FileKind.None
            : (BitConverter.ToUInt16(found[28..]) & 0xF000) == 0xC000 ? FileKind.Socket
            : FileKind.Other;
    }

    enum FileKind
    {
        None,
        Socket,
        Other,
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> found);

    /// <summary>Stops listening. The path goes at once: another daemon may want it while this one finishes its work.</summary>
    public void Dispose()
    {
        if (_ownPath is not null)
        {
            try
            {
                File.Delete(_ownPath);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A socket file that stays is found stale by the next start.
            }

            _ownPath = null;
        }

        Socket.Dispose();
    }
}
