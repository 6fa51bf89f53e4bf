using System.ComponentModel;

namespace ImmichMl.Tests.Support;

/// <summary>Keeps a running process from more addresses than it has, so that its allocations fail as where memory has run out.</summary>
static unsafe partial class ScarceMemory
{
    const int AddressSpace = 9;
    const ulong NoLimit = ulong.MaxValue;

    [StructLayout(LayoutKind.Sequential)]
    struct Limits
    {
        public ulong Soft;
        public ulong Hard;
    }

    /// <summary>Leaves a process so many bytes beside those that it has.</summary>
    public static void Leave(int process, long bytes) => Set(process, (ulong)(Held(process) + bytes));

    public static void Lift(int process) => Set(process, NoLimit);

    static void Set(int process, ulong bytes)
    {
        var limits = new Limits { Soft = bytes, Hard = NoLimit };
        if (Limit(process, AddressSpace, &limits, null) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>A line reads "VmSize:   123456 kB".</summary>
    static long Held(int process) => 1024 * long.Parse(
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmSize:", StringComparison.Ordinal))[7..]
            .Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int Limit(int process, int resource, Limits* wanted, Limits* before);
}
