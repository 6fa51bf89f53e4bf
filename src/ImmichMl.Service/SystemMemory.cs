namespace ImmichMl.Service;

/// <summary>How much memory this process may have: what the machine and the control groups above it (v1 and v2) allow.</summary>
/// <param name="Limit">Bytes, other processes' included: the machine's, or the smallest limit of a group. Past memory.high, which counts
/// as one, the kernel slows a process down until it stands still.</param>
/// <param name="Available">Bytes that can still be taken, pages of files that the kernel would give up for them included.</param>
/// <param name="IsGroups">A control group's limit is the smaller one.</param>
public readonly record struct SystemMemory(long Limit, long Available, bool IsGroups)
{
    const string MachinesFolder = "/proc";

    // "No limit" is "max", or in version 1 a number that no machine has.
    const long Unlimited = long.MaxValue / 2;

    /// <summary>As it is at this moment; files that cannot be read count as no limit.</summary>
    public static SystemMemory Now() => Now(MachinesFolder);

    /// <param name="proc">Where the kernel tells of processes and mounts; what it names is read.</param>
    internal static SystemMemory Now(string proc) => Now(proc, ControlGroups.Above(proc, ""), ControlGroups.Above(proc, "memory"));

    /// <param name="proc">As above.</param>
    /// <param name="unified">The folders of the groups above this process in version 2.</param>
    /// <param name="older">The same in version 1.</param>
    internal static SystemMemory Now(string proc, IEnumerable<string> unified, IEnumerable<string> older)
    {
        ReadOnlySpan<byte> machines = KernelFile.Read(Path.Combine(proc, "meminfo"), stackalloc byte[KernelFile.MostBytes]);
        long machine = KernelFile.Number(machines, "MemTotal:"u8) is { } total
            ? total * 1024 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        long available = KernelFile.Number(machines, "MemAvailable:"u8) is { } free ? free * 1024 : machine;
        var memory = new SystemMemory(machine, Math.Min(machine, available), IsGroups: false);
        foreach (string group in unified)
        {
            long limit = Math.Min(Whole(group, "memory.max") ?? long.MaxValue, Whole(group, "memory.high") ?? long.MaxValue);
            memory = limit >= Unlimited ? memory : memory.Within(
                limit, Whole(group, "memory.current") ?? 0, Reclaimable(group, "inactive_file"u8, "active_file"u8));
        }

        foreach (string group in older)
        {
            // The second one is the smallest of those above, also of groups that cannot be seen from here.
            long limit = Math.Min(
                Whole(group, "memory.limit_in_bytes") ?? long.MaxValue,
                KernelFile.Number(Path.Combine(group, "memory.stat"), "hierarchical_memory_limit"u8) ?? long.MaxValue);
            memory = limit >= Unlimited ? memory : memory.Within(
                limit, Whole(group, "memory.usage_in_bytes") ?? 0, Reclaimable(group, "total_inactive_file"u8, "total_active_file"u8));
        }

        return memory;
    }

    SystemMemory Within(long limit, long used, long reclaimable)
    {
        long free = Math.Max(0, limit - Math.Max(0, used - reclaimable));
        return new SystemMemory(Math.Min(Limit, limit), Math.Min(Available, free), IsGroups || limit < Limit);
    }

    /// <summary>Pages of files: the kernel drops them before it ends a process.</summary>
    static long Reclaimable(string group, ReadOnlySpan<byte> inactive, ReadOnlySpan<byte> active)
    {
        ReadOnlySpan<byte> statistics = KernelFile.Read(Path.Combine(group, "memory.stat"), stackalloc byte[KernelFile.MostBytes]);
        return (KernelFile.Number(statistics, inactive) ?? 0) + (KernelFile.Number(statistics, active) ?? 0);
    }

    static long? Whole(string group, string file) => KernelFile.Whole(Path.Combine(group, file));
}
