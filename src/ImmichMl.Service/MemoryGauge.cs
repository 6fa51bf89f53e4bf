namespace ImmichMl.Service;

/// <summary>What the kernel says of memory at a moment.</summary>
/// <param name="Memory">What there may be and what is left of it.</param>
/// <param name="Some">Percent of the last 10 s in which some task stood still for want of memory: the machine's, or where it is more that
/// of a control group above this process. 0 where nobody tells.</param>
/// <param name="Full">The same for all tasks at once.</param>
/// <param name="GroupSome">As <paramref name="Some"/>, of this process's groups alone.</param>
/// <param name="Hits">How often groups above this process have met their limits (v1: failcnt) since they were made.</param>
/// <param name="SwapFree">Bytes of the machine's swap that are free, as far as the groups allow.</param>
public readonly record struct MemoryPressure(SystemMemory Memory, double Some, double Full, double GroupSome, long Hits, long SwapFree);

/// <summary>
/// Reads pressure stall information (PSI) of the machine and of the control groups above this process, their limits and events (v2), v1's
/// counters, and MemAvailable. Its groups are looked up once. What is not there, or may not be read, counts as nothing.
/// </summary>
public sealed class MemoryGauge
{
    readonly string _proc;
    readonly string[] _unified;
    readonly string[] _older;
    readonly string[] _stalls;

    /// <param name="proc">Where the kernel tells of processes and mounts.</param>
    public MemoryGauge(string proc = "/proc")
    {
        _proc = proc;

        _unified = [.. ControlGroups.Above(proc, "")];
        _older = [.. ControlGroups.Above(proc, "memory")];

        // The root of them all has one too, which is the machine's; it has no type.
        _stalls = [.. _unified.Where(group => File.Exists(Path.Combine(group, "cgroup.type")))
            .Select(group => Path.Combine(group, "memory.pressure")).Where(File.Exists)];
    }

    /// <summary>Where stalls can be waited for: the innermost group's file, else the machine's; null where neither is.</summary>
    public string? StallFile => _stalls.Append(MachinesFile).FirstOrDefault(File.Exists);

    string MachinesFile => Path.Combine(_proc, "pressure/memory");

    public MemoryPressure Read()
    {
        (double some, double full) = Stalls(MachinesFile);
        double own = 0;
        foreach (string file in _stalls)
        {
            (double ofSome, double ofFull) = Stalls(file);
            (own, full) = (Math.Max(own, ofSome), Math.Max(full, ofFull));
        }

        return new MemoryPressure(SystemMemory.Now(_proc, _unified, _older), Math.Max(some, own), full, own, Hits(), Swap());
    }

    /// <summary>What it is read from here, in words.</summary>
    public string Describe()
    {
        string[] found =
        [
            .. File.Exists(MachinesFile) ? (string[])[MachinesFile] : [],
            .. _stalls.Take(1),
            .. _unified.Select(group => Path.Combine(group, "memory.max")).Where(File.Exists).Take(1),
            .. _older.Select(group => Path.Combine(group, "memory.limit_in_bytes")).Where(File.Exists).Take(1),
            .. File.Exists(Path.Combine(_proc, "meminfo")) ? (string[])["MemAvailable"] : [],
        ];
        return found.Length > 0 ? string.Join(", ", found) : "nothing that can be read";
    }

    long Hits()
    {
        long hits = 0;
        foreach (string group in _unified)
        {
            string events = Path.Combine(group, "memory.events");
            hits += (KernelFile.Number(events, "high"u8) ?? 0) + (KernelFile.Number(events, "max"u8) ?? 0);
        }

        return hits + _older.Sum(group => KernelFile.Whole(Path.Combine(group, "memory.failcnt")) ?? 0);
    }

    long Swap()
    {
        long free = (KernelFile.Number(Path.Combine(_proc, "meminfo"), "SwapFree:"u8) ?? 0) * 1024;
        foreach (string group in _unified)
        {
            if (KernelFile.Whole(Path.Combine(group, "memory.swap.max")) is { } most)
            {
                free = Math.Min(free, Math.Max(0, most - (KernelFile.Whole(Path.Combine(group, "memory.swap.current")) ?? 0)));
            }
        }

        return free;
    }

    /// <summary>A line is "some avg10=0.00 avg60=0.00 avg300=0.00 total=0".</summary>
    static (double Some, double Full) Stalls(string file)
    {
        ReadOnlySpan<byte> text = KernelFile.Read(file, stackalloc byte[256]);
        return (KernelFile.Percent(text, "some avg10="u8), KernelFile.Percent(text, "full avg10="u8));
    }
}
