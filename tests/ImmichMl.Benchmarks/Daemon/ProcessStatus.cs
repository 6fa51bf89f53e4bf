namespace ImmichMl.Benchmarks.Daemon;

/// <summary>A process as /proc shows it. MB are 1,000,000 bytes.</summary>
sealed record ProcessStatus(int Id)
{
    public double ResidentMegabytes => Megabytes("status", "VmRSS");

    public double AnonymousMegabytes => Megabytes("status", "RssAnon");

    /// <summary>Pages that are mapped twice count once: the mapped weights of a model with two sessions.</summary>
    public double ProportionalMegabytes => Megabytes("smaps_rollup", "Pss");

    /// <summary>Resident, since the start.</summary>
    public double MostMegabytes => Megabytes("status", "VmHWM");

    /// <summary>A line of /proc/PID/status in kB, such as VmRSS, RssAnon or VmHWM.</summary>
    public long Read(string name) => Read("status", name);

    double Megabytes(string file, string name) => Read(file, name) * 1024 / 1e6;

    long Read(string file, string name)
    {
        string line = File.ReadLines($"/proc/{Id}/{file}").First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
