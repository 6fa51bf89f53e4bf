namespace ImmichMl.Models;

/// <summary>
/// What the kernel tells of a file without reading it. Whatever writes to a file, or puts another in its place, changes
/// <see cref="Changed"/> or <see cref="Inode"/>, also where it sets the size and the time of the last writing back.
/// </summary>
/// <param name="Inode">Its number on the file system.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">Of its contents, in nanoseconds since 1970.</param>
/// <param name="Changed">Of its contents, owner, mode or name, in nanoseconds since 1970; no program can set it.</param>
/// <param name="Owner">Uid.</param>
/// <param name="Mode">Type and permissions, as stat(2) has them.</param>
/// <param name="Device">Of the file system.</param>
public readonly partial record struct FileStamp(ulong Inode, long Size, long Modified, long Changed, uint Owner, uint Mode, ulong Device)
{
    const int CurrentFolder = -100;
    const int NoFollow = 0x100;
    const uint BasicFields = 0x7FF;
    const uint TypeMask = 0xF000;

    public bool IsFolder => (Mode & TypeMask) == 0x4000;

    public bool IsRegularFile => (Mode & TypeMask) == 0x8000;

    public bool IsLink => (Mode & TypeMask) == 0xA000;

    public bool IsSocket => (Mode & TypeMask) == 0xC000;

    /// <summary>True where users other than its owner and group may write.</summary>
    public bool IsOpenToAll => (Mode & 2) != 0;

    /// <summary>True for what this process, or root, owns.</summary>
    public bool IsOurs => Owner == 0 || Owner == EffectiveUser();

    /// <param name="path">A file, folder or link.</param>
    /// <param name="followLinks">False: a link itself is told of.</param>
    /// <returns>Null where nothing is there or it cannot be looked at.</returns>
    public static FileStamp? Of(string path, bool followLinks = true) => Of(path, followLinks, out _);

    /// <summary>As above, with the errno of what kept it from being looked at; 0 where nothing did.</summary>
    public static FileStamp? Of(string path, bool followLinks, out int error)
    {
        // statx and not stat: its layout is the same on every processor.
        Span<byte> found = stackalloc byte[256];
        error = StatX(CurrentFolder, path, followLinks ? 0 : NoFollow, BasicFields, found) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return error != 0 ? null
            : new FileStamp(
                BitConverter.ToUInt64(found[32..]), BitConverter.ToInt64(found[40..]), Time(found[112..]), Time(found[96..]),
                BitConverter.ToUInt32(found[20..]), BitConverter.ToUInt16(found[28..]), BitConverter.ToUInt64(found[136..]));
    }

    static long Time(ReadOnlySpan<byte> at) => (BitConverter.ToInt64(at) * 1_000_000_000) + BitConverter.ToUInt32(at[8..]);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> found);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
