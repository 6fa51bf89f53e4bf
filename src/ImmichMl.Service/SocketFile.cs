using System.Net.Sockets;

namespace ImmichMl.Service;

/// <summary>The file of a Unix socket that a program of ours binds itself.</summary>
public static class SocketFile
{
    /// <summary>sockaddr_un(7): sun_path has 108 bytes, the last of them zero.</summary>
    public const int LongestPath = 107;

    /// <summary>For its user and group, who are the peers.</summary>
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>
    /// Whether somebody listens at a path: null where somebody does. ConnectionRefused is the answer of a file that was left behind, and of
    /// what is no socket at all.
    /// </summary>
    public static SocketException? Probe(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return null;
        }
        catch (SocketException e)
        {
            return e;
        }
    }
}
