using ImmichMl.Models;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Which file a path leads to, links not followed, and whether it is a socket; the default where there is none. While a socket is bound no
/// other file gets its number.
/// </summary>
/// <param name="Device">Of the file system.</param>
/// <param name="Number">The inode's, in it.</param>
/// <param name="IsSocket">Whether it is one.</param>
/// <param name="IsHidden">True where it cannot be looked at; nothing else is known then.</param>
readonly record struct FileIdentity(ulong Device, ulong Number, bool IsSocket, bool IsHidden)
{
    /// <summary>errno(3).</summary>
    const int Missing = 2, NotAFolder = 20;

    public static FileIdentity Of(string path) => FileStamp.Of(path, followLinks: false, out int error) is { } found
        ? new FileIdentity(found.Device, found.Inode, found.IsSocket, IsHidden: false)
        : new FileIdentity(0, 0, false, IsHidden: error is not (Missing or NotAFolder));
}
