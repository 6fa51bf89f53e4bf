namespace ImmichMl.Inference.Sessions;

/// <summary>
/// How the cores are shared out, in words. .NET counts the cores that this process may use: affinity and a CPU quota of cgroups v1 and
/// v2, rounded up, are taken off already.
/// </summary>
public static class ThreadPlan
{
    const string Online = "/sys/devices/system/cpu/online";

    public static string Cores => Of(Environment.ProcessorCount, File.Exists(Online) ? File.ReadAllText(Online) : "");

    /// <summary>
    /// So many requests side by side keep more than half of the cores busy with a thread each; where fewer are let in, each run takes
    /// several.
    /// </summary>
    public static bool FillsCores(int requests) => Environment.ProcessorCount < 2 * requests;

    public static string Describe(RuntimeOptions options) =>
        $"{Cores}; {options.RequestThreads} requests at once and one interactive besides; "
        + (options.ChosenIntraOpThreads == 1 ? "a model runs on 1 thread; "
            : $"a request alone runs its model on {options.ChosenIntraOpThreads} threads, "
                + (FillsCores(options.RequestThreads) ? "each of many on one" : "and each of many too")
                + ", faces and lines of text side by side; ")
        + "decoding goes on beside runs; a backlog runs at the lowest priority (nice 19)";

    /// <param name="allowed">Cores for this process.</param>
    /// <param name="online">Those of the machine, as Linux lists them: "0-3,8".</param>
    internal static string Of(int allowed, string online)
    {
        int all = online.Trim().Split(',').Sum(CountOf);
        return all > allowed ? $"{allowed} of {all} cores (affinity or a CPU quota)" : $"{allowed} cores";
    }

    static int CountOf(string range)
    {
        string[] ends = range.Split('-');
        return int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) ? last - first + 1 : 0;
    }
}
