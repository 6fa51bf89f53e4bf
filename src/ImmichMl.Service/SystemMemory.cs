namespace ImmichMl.Service;

/// <summary>How much memory this process may have: what the machine and the control groups above it (v1 and v2) allow.</summary>
/// <param name="Limit">Bytes, other processes' included: the machine's, or the smallest limit of a group. Past memory.high, which counts
/// as one, the kernel slows a process down until it stands still.</param>
/// <param name="Available">Bytes that can still be taken, pages of files that the kernel would give up for them included.</param>
/// <param name="IsGroups">A control group's limit is the smaller one.</param>
public readonly record struct SystemMemory(long Limit, long Available, bool IsGroups)
{
    const string MachinesFolder = "/proc";

    /// <summary>As it is at this moment; files that cannot be read count as no limit.</summary>
    public static SystemMemory Now() => Now(MachinesFolder);

    /// <param name="proc">Where the kernel tells of processes and mounts; what it names is read.</param>
    internal static SystemMemory Now(string proc) => Now(proc, ControlGroups.Above(proc, ""), ControlGroups.Above(proc, "memory"));

    /// <param name="proc">As above.</param>
    /// <param name="unified">The folders of the groups above this process in version 2.</param>
    /// <param name="older">The same in version 1.</param>
    internal static SystemMemory Now(string proc, IEnumerable<string> unified, IEnumerable<string> older)
    {
        string machines = Path.Combine(proc, "meminfo");
        long machine = Number(machines, "MemTotal:") is { } total ? total * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        long available = Number(machines, "MemAvailable:") is { } free ? free * 1024 : machine;
        var memory = new SystemMemory(machine, Math.Min(machine, available), IsGroups: false);
        foreach (string group in unified)
        {
            long limit = Math.Min(Whole(group, "memory.max") ?? long.MaxValue, Whole(group, "memory.high") ?? long.MaxValue);
            memory = memory.Within(limit, Whole(group, "memory.current") ?? 0, Reclaimable(group, ""));
        }

        foreach (string group in older)
        {
            // The second one is the smallest of those above, also of groups that cannot be seen from here.
            long limit = Math.Min(
                Whole(group, "memory.limit_in_bytes") ?? long.MaxValue,
                Number(Path.Combine(group, "memory.stat"), "hierarchical_memory_limit") ?? long.MaxValue);
            memory = memory.Within(limit, Whole(group, "memory.usage_in_bytes") ?? 0, Reclaimable(group, "total_"));
        }

        return memory;
    }

    SystemMemory Within(long limit, long used, long reclaimable)
    {
        // "No limit" is "max", or in version 1 a number that no machine has.
        if (limit == long.MaxValue)
        {
            return this;
        }

        long free = Math.Max(0, limit - Math.Max(0, used - reclaimable));
        return new SystemMemory(Math.Min(Limit, limit), Math.Min(Available, free), IsGroups || limit < Limit);
    }

    /// <summary>Pages of files: the kernel drops them before it ends a process.</summary>
    static long Reclaimable(string group, string prefix)
    {
        string file = Path.Combine(group, "memory.stat");
        return (Number(file, prefix + "inactive_file") ?? 0) + (Number(file, prefix + "active_file") ?? 0);
    }

    internal static long? Whole(string group, string file) =>
        long.TryParse(Read(Path.Combine(group, file)), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number)
            ? number : null;

    /// <summary>The number behind a name at a line's beginning.</summary>
    internal static long? Number(string file, string name)
    {
        foreach (string line in Read(file).Split('\n'))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 2 && parts[0] == name
                && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                return number;
            }
        }

        return null;
    }

    internal static string Read(string file)
    {
        try
        {
            // Most are not there, and this is asked before each large decode: a look is cheaper than an exception.
            return File.Exists(file) ? File.ReadAllText(file) : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
