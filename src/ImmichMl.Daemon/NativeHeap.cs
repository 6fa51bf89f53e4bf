namespace ImmichMl.Daemon;

/// <summary>
/// Makes the C library give memory back. Left alone it raises its own thresholds with every large block that is freed, up to 32 MiB,
/// and keeps a heap for each thread: after a burst of large frames 240 MB stayed resident.
/// </summary>
public static partial class NativeHeap
{
    const int MmapThreshold = -3;
    const int TrimThreshold = -1;
    const int ArenaMax = -8;

    /// <summary>Before the first large block is allocated.</summary>
    public static void Configure()
    {
        try
        {
            // Larger blocks are mapped and unmapped one by one. A preview's bytes and bitmap (1440 x 1080: 4.7 MB) and a page's tensor
            // (13 MB, 3,200 page faults) stay below and find their pages again until all is quiet.
            _ = SetOption(MmapThreshold, 16 * 1024 * 1024);
            _ = SetOption(TrimThreshold, 32 * 1024 * 1024);
            _ = SetOption(ArenaMax, 2);
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no such options and gives memory back anyway.
        }
    }

    /// <summary>
    /// Gives back what lies free: in the arena of models, in the managed heap, between native blocks. Takes milliseconds.
    /// </summary>
    internal static void Trim()
    {
        CpuArena.Shrink();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            _ = TrimHeaps(0);
        }
        catch (EntryPointNotFoundException)
        {
            // As above.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeaps(nuint keep);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
