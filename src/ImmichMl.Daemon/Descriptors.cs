namespace ImmichMl.Daemon;

/// <summary>Open descriptors of this process, and what of them its children get: the three standard ones and nothing else.</summary>
static partial class Descriptors
{
    const int FirstOfOurs = 3;

    /// <summary>
    /// Called in front of every child. What .NET opens closes by itself; what a service manager or a shell handed over does not, nor what
    /// native libraries opened. A child with a listening socket would keep it open when the daemon is gone.
    /// </summary>
    public static void KeepFromChildren()
    {
        const int SetFlags = 2, CloseOnExec = 1;
        foreach (string entry in Directory.Exists("/proc/self/fd") ? Directory.GetFileSystemEntries("/proc/self/fd") : [])
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor)
                && descriptor >= FirstOfOurs)
            {
                _ = Control(descriptor, SetFlags, CloseOnExec);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);
}
