using System.IO.Hashing;
using System.Text;

namespace ImmichMl.Models.Copies;

/// <summary>What decides which kernels run, and so which prepared copies fit: the model of the processor and what it can do.</summary>
public static class ProcessorName
{
    static readonly Lazy<string> s_own = new(Read);

    /// <summary>Twelve hexadecimal digits.</summary>
    public static string Own => s_own.Value;

    static string Read()
    {
        string[] told = File.Exists("/proc/cpuinfo")
            ? [.. File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal)
                || line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal)).Distinct()]
            : [];
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(string.Join('\n', told))))[..12];
    }
}
