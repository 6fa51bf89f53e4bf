using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ImmichMl.Daemon.Serving;

/// <summary>The socket to accept on: handed over by systemd, or bound to a path of our own with mode 0660.</summary>
sealed partial class ListenSocket : IDisposable
{
    const int Backlog = 512;

    /// <summary>errno(3): nothing is there. What cannot be looked at may be.</summary>
    const int NoEntry = 2, NotFolder = 20;

    readonly Lock _lock = new();
    readonly string? _path;
    readonly bool _isOwn;
    volatile Socket _socket;
    (ulong Device, ulong Inode)? _file;
    bool _disposed;

    ListenSocket(Socket socket, string name, string? path, (ulong, ulong)? file, bool isOwn)
    {
        _socket = socket;
        Name = name;
        _path = path;
        _file = file;
        _isOwn = isOwn;
    }

    /// <summary>Another one after <see cref="KeepPath"/> had to bind anew.</summary>
    public Socket Socket => _socket;

    /// <summary>What to call it in the log.</summary>
    public string Name { get; }

    /// <exception cref="OperatorException">The path is in use, or no socket can be there.</exception>
    public static ListenSocket Open(string path) => InheritedSockets.TakeUnixStream() is { } socket ? Inherited(socket) : Bind(path);

    static ListenSocket Inherited(Socket socket)
    {
        string name = socket.LocalEndPoint?.ToString() ?? "an inherited socket";
        string? path = name.StartsWith('/') ? name : null;
        return new ListenSocket(socket, name, path, path is null ? null : IdentityOf(path), isOwn: false);
    }

    static ListenSocket Bind(string path)
    {
        path = Path.GetFullPath(path);
        if (Encoding.UTF8.GetByteCount(path) > SocketFile.LongestPath)
        {
            throw new OperatorException($"Cannot listen on {path}: a socket's path has {SocketFile.LongestPath} bytes at most.");
        }

        RemoveStale(path);
        (Socket socket, (ulong, ulong)? file) = Bind(path, overwrite: true);
        return new ListenSocket(socket, path, path, file, isOwn: true);
    }

    /// <summary>Binds beside the path and moves the socket to it once its mode is right: it is never there with another.</summary>
    static (Socket Socket, (ulong, ulong)? File) Bind(string path, bool overwrite)
    {
        string directory = Path.GetDirectoryName(path)!;
        string aside = Path.Combine(directory, $".immich-ml.{Environment.ProcessId}");
        Socket? socket = null;
        try
        {
            // Its name beside may be too long where the path itself is not: then it is bound by its folder's number.
            using SafeFileHandle? folder = Encoding.UTF8.GetByteCount(aside) > SocketFile.LongestPath ? OpenFolder(directory) : null;
            File.Delete(aside);
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(
                folder is null ? aside : $"/proc/self/fd/{folder.DangerousGetHandle()}/{Path.GetFileName(aside)}"));
            File.SetUnixFileMode(aside, SocketFile.Mode);
            socket.Listen(Backlog);
            (ulong, ulong)? file = IdentityOf(aside);
            File.Move(aside, path, overwrite);
            return (socket, file);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            socket?.Dispose();
            Remove(aside);
            throw new OperatorException($"Cannot listen on {path}: {SocketFault.WordsOf(e)}");
        }
    }

    static SafeFileHandle OpenFolder(string folder)
    {
        const int CloseOnExec = 0x80000, PathOnly = 0x200000;
        int descriptor = Open(folder, PathOnly | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    /// <summary>
    /// Looks whether the path still leads to this socket, and binds anew where it leads nowhere any more. What somebody else has put there
    /// is left alone.
    /// </summary>
    /// <returns>True where it was bound anew.</returns>
    /// <exception cref="OperatorException">Peers do not find this socket any more, and why.</exception>
    public bool KeepPath()
    {
        lock (_lock)
        {
            if (_disposed || _path is null || _file is null)
            {
                return false;
            }

            FileStamp? now = FileStamp.Of(_path, followLinks: false, out int error);
            if ((now is { } there && (there.Device, there.Inode) == _file) || (now is null && error is not (NoEntry or NotFolder)))
            {
                return false;
            }

            if (now is not null)
            {
                throw new OperatorException(
                    $"{_path} is not this daemon's socket any more: somebody has put something else there. It was left alone.");
            }

            if (!_isOwn)
            {
                throw new OperatorException(
                    $"{_path} is gone: who passed the socket must be restarted for new connections (systemctl restart).");
            }

            (Socket fresh, _file) = Bind(_path, overwrite: false);
            Socket old = _socket;
            _socket = fresh;
            old.Dispose();
            return true;
        }
    }

    /// <summary>While a socket is bound no other file gets its number.</summary>
    static (ulong Device, ulong Inode)? IdentityOf(string path) =>
        FileStamp.Of(path, followLinks: false) is { } found ? (found.Device, found.Inode) : null;

    static void RemoveStale(string path)
    {
        if (FileStamp.Of(path, followLinks: false) is not { } there)
        {
            return;
        }

        if (!there.IsSocket)
        {
            throw new OperatorException($"Cannot listen on {path}: it is there and is not a socket. It was left alone.");
        }

        switch (SocketFile.Probe(path))
        {
            case { SocketErrorCode: SocketError.ConnectionRefused }:
                return;
            case { } unknown:
                throw new OperatorException($"Cannot listen on {path}: whether a daemon is there cannot be told: {unknown.Message}");
            default:
                throw new OperatorException($"Cannot listen on {path}: a daemon is listening there already.");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    /// <summary>Stops listening. The path goes at once: another daemon may want it while this one finishes its work.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_disposed && _isOwn && IdentityOf(_path!) == _file)
            {
                Remove(_path!);
            }

            _disposed = true;
            _socket.Dispose();
        }
    }

    static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A socket file that stays is found stale by the next start.
        }
    }
}
