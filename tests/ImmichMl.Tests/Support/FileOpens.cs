using System.ComponentModel;

namespace ImmichMl.Tests.Support;

/// <summary>Counts how often a file is opened, by whomever.</summary>
sealed unsafe partial class FileOpens : IDisposable
{
    const int NonBlocking = 0x800;
    const uint Opened = 0x20;
    const uint Closed = 0x10;
    const int EventSize = 16;

    readonly int _watch;

    public FileOpens(string file)
    {
        _watch = Start(NonBlocking);
        if (_watch < 0 || Add(_watch, file, Opened | Closed) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>
    /// Since the last call. The kernel makes one event of neighbours that are alike: only the closing between them keeps two openings
    /// apart.
    /// </summary>
    public int Count()
    {
        byte* events = stackalloc byte[EventSize * 256];
        var read = new ReadOnlySpan<byte>(events, (int)Math.Max(0, Read(_watch, events, EventSize * 256)));
        int opens = 0;
        for (int at = 0; at < read.Length; at += EventSize)
        {
            // The second number is the mask; an event of a file, not of a folder, has no name behind it.
            opens += (MemoryMarshal.Read<uint>(read[(at + sizeof(int))..]) & Opened) == 0 ? 0 : 1;
        }

        return opens;
    }

    public void Dispose() => _ = Close(_watch);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int Start(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Add(int watch, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int watch, void* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int watch);
}
