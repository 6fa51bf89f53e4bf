namespace ImmichMl.Tests.Support;

/// <summary>
/// What the kernel tells of memory, as files: a machine of 8,192 MB, of which half is available, and one hierarchy of control groups.
/// </summary>
sealed class KernelFiles : IDisposable
{
    readonly TempFolder _folder = new();

    public KernelFiles()
    {
        Directory.CreateDirectory(_folder.File("proc", "self"));
        Directory.CreateDirectory(_folder.File("group"));
        Available(4_096);
    }

    public string Proc => _folder.File("proc");

    public SystemMemory Memory => SystemMemory.Now(Proc);

    /// <summary>So many of the machine's megabytes (10^6) are left.</summary>
    public void Available(int megabytes) =>
        Write(
            "proc/meminfo",
            $"MemTotal:        8000000 kB\nMemFree:  1 kB\nMemAvailable:  {megabytes * 1_000_000L / 1024} kB\nSwapFree: 0 kB");

    /// <summary>Percent of 10 s: the machine's, or with a path a group's.</summary>
    public void Stalls(double some, double full, string? group = null)
    {
        Directory.CreateDirectory(_folder.File("proc", "pressure"));
        Write(
            group is null ? "proc/pressure/memory" : Path.Combine("group", group, "memory.pressure"),
            $"{Line("some", some)}\n{Line("full", full)}");

        static string Line(string name, double percent) =>
            string.Create(CultureInfo.InvariantCulture, $"{name} avg10={percent:0.00} avg60=0.00 avg300=0.00 total=1");
    }

    public void Mount(string kind, string root, string options, string groups)
    {
        Write("proc/self/cgroup", groups);
        string where = _folder.File("group");
        Write("proc/self/mountinfo", $"22 1 8:1 / / rw - ext4 /dev/sda rw\n35 31 0:32 {root} {where} rw - {kind} {kind} {options}");
    }

    public void Group(string path, params (string File, string Content)[] files)
    {
        Directory.CreateDirectory(_folder.File("group", path));
        foreach ((string file, string content) in files)
        {
            Write(Path.Combine("group", path, file), content);
        }
    }

    public void Dispose() => _folder.Dispose();

    void Write(string path, string content)
    {
        // As a whole: somebody may read it meanwhile.
        File.WriteAllText(_folder.File(path + ".new"), content + "\n");
        File.Move(_folder.File(path + ".new"), _folder.File(path), overwrite: true);
    }
}
