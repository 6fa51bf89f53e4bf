namespace ImmichMl.Models;

/// <summary>What must still be there after the power has gone: contents first, then the name.</summary>
public static partial class DurableFiles
{
    const int ReadOnly = 0;
    const int CloseOnExec = 0x80000;

    /// <summary>Waits until a file's contents, or a folder's names, are on the disk.</summary>
    /// <exception cref="IOException">They could not be written, or there is no such thing.</exception>
    public static void Flush(string path)
    {
        int descriptor = Open(path, ReadOnly | CloseOnExec);
        if (descriptor < 0)
        {
            throw new IOException($"{path} cannot be opened to be flushed: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        int result = Sync(descriptor);
        string why = result == 0 ? "" : Marshal.GetLastPInvokeErrorMessage();
        _ = Close(descriptor);
        if (result != 0)
        {
            throw new IOException($"{path} cannot be flushed to the disk: {why}");
        }
    }

    /// <summary>Flushes every file of a folder and the folder, then renames it, and flushes the folder that it came into.</summary>
    /// <exception cref="IOException">It could not be done; nothing is at <paramref name="to"/> then.</exception>
    public static void MoveFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from))
        {
            Flush(file);
        }

        Flush(from);
        Directory.Move(from, to);
        Flush(Path.GetDirectoryName(to)!);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
