using System.Runtime.InteropServices;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// Which file a path leads to, links not followed, and whether it is a socket; the default where there is none. While a socket is bound no
/// other file gets its number.
/// </summary>
/// <param name="Device">Of the file system.</param>
/// <param name="Number">The inode's, in it.</param>
/// <param name="IsSocket">Whether it is one.</param>
/// <param name="IsHidden">True where it cannot be looked at; nothing else is known then.</param>
readonly partial record struct FileIdentity(ulong Device, ulong Number, bool IsSocket, bool IsHidden)
{
    /// <summary>errno(3).</summary>
    const int Missing = 2, NotAFolder = 20;

    /// <summary>stat's layout differs by processor; statx's does not: mode at byte 28, inode at 32, device at 136.</summary>
    public static FileIdentity Of(string path)
    {
        const int CurrentFolder = -100, NoFollow = 0x100, TypeAndNumber = 0x101, TypeMask = 0xF000, Socket = 0xC000;
        Span<byte> found = stackalloc byte[256];
        if (StatX(CurrentFolder, path, NoFollow, TypeAndNumber, found) != 0)
        {
            return Marshal.GetLastPInvokeError() is Missing or NotAFolder ? default : new FileIdentity(0, 0, false, IsHidden: true);
        }

        return new FileIdentity(
            BitConverter.ToUInt64(found[136..]), BitConverter.ToUInt64(found[32..]), (BitConverter.ToUInt16(found[28..]) & TypeMask) == Socket, false);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> found);
}
