using System.Net.Sockets;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Who is at the other end of a Unix socket, as the kernel says (SO_PEERCRED): taken when it connected, it cannot be forged.
/// </summary>
readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid)
{
    const int SolSocket = 1;
    const int SoPeerCred = 17;

    public static PeerCredentials Of(Socket socket)
    {
        Span<int> credentials = stackalloc int[3];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        return new PeerCredentials(credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }
}
