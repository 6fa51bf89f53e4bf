namespace ImmichMl.Inference.Scheduling;

/// <summary>Lowers what runs now below everything else on the machine. There is no way back: raising takes a privilege.</summary>
public static partial class ThreadNiceness
{
    const int Thread = 0; // PRIO_PROCESS; Linux takes a thread for it, and 0 for the calling one.
    const int Lowest = 19;

    /// <summary>The calling thread, and the threads that it starts from then on.</summary>
    public static void Lower()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = SetPriority(Thread, 0, Lowest);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int niceness);
}
