namespace ImmichMl.Daemon;

/// <summary>What the kernel counts for this process, in bytes; zeros where there is no /proc.</summary>
readonly record struct ProcessMemory(long Resident, long Anonymous)
{
    public static ProcessMemory Now()
    {
        try
        {
            string[] lines = File.ReadAllLines("/proc/self/status");
            return new ProcessMemory(Bytes(lines, "VmRSS:"), Bytes(lines, "RssAnon:"));
        }
        catch (IOException)
        {
            return default;
        }
    }

    /// <summary>A line reads "RssAnon:     5064 kB".</summary>
    static long Bytes(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            && long.TryParse(
                line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture, out long kilobytes)
            ? kilobytes * 1024 : 0;
}
