namespace ImmichMl.Tests.Inference;

/// <summary>The plan starts from the cores that this process may use, and says so.</summary>
public sealed class ThreadPlanTests
{
    const int NoGroups = 77;

    [Test]
    [Arguments(4, "0-3\n", "4 cores")]
    [Arguments(2, "0-3,8\n", "2 of 5 cores (affinity or a CPU quota)")]
    [Arguments(1, "0\n", "1 cores")]
    [Arguments(3, "", "3 cores")]
    public async Task Cores_are_told_beside_those_of_the_machine(int allowed, string online, string expected) =>
        await Assert.That(ThreadPlan.Of(allowed, online)).IsEqualTo(expected);

    [Test]
    public async Task Where_fewer_requests_than_half_the_cores_are_let_in_each_run_takes_several()
    {
        int cores = Environment.ProcessorCount;
        await Assert.That(ThreadPlan.FillsCores(cores)).IsTrue();
        await Assert.That(ThreadPlan.FillsCores((cores / 2) + 1)).IsTrue();
        await Assert.That(ThreadPlan.FillsCores(1)).IsEqualTo(cores == 1);
        await Assert.That(ThreadPlan.Describe(new RuntimeOptions { RequestThreads = cores })).Contains("each of many on one");
        await Assert.That(ThreadPlan.Describe(new RuntimeOptions { RequestThreads = 1, IntraOpThreads = 1 })).Contains("on 1 thread;");
    }

    [Test]
    public async Task A_quota_of_a_control_group_makes_fewer_threads()
    {
        if (Environment.ProcessorCount < 2)
        {
            Skip.Test("One core cannot be made fewer.");
        }

        using Group group = Group.WithOneCore() ?? NoGroup();
        Finished served = await group.RunAsync("serve", "--print-config");
        await Assert.That(served.Output).Contains("MACHINE_LEARNING_REQUEST_THREADS=1\n").Because(served.Errors);
        Finished free = await ChildProgram.RunAsync(["serve", "--print-config"]);
        await Assert.That(free.Output).Contains($"MACHINE_LEARNING_REQUEST_THREADS={Environment.ProcessorCount}\n");
    }

    /// <summary>
    /// A real hierarchy of version 2, seen by one process alone, with a group whose folder is covered by one that holds the quota: where
    /// version 1 has the processor, that file is not there. The kernel enforces nothing here; what is tested is who reads it.
    /// </summary>
    [Test]
    [Arguments("100000 100000", 1)]
    [Arguments("120000 100000", 2)]
    [Arguments("max 100000", 0)]
    public async Task A_quota_of_cgroups_version_2_makes_fewer_threads(string quota, int cores)
    {
        if (Environment.ProcessorCount < 2)
        {
            Skip.Test("One core cannot be made fewer.");
        }

        string script = $"""
            group=/sys/fs/cgroup/immich-ml-test-$$
            mount -t cgroup2 none /sys/fs/cgroup && mkdir $group && echo $$ > $group/cgroup.procs && mount -t tmpfs none $group \
                && echo '{quota}' > $group/cpu.max || exit {NoGroups}
            "$@"
            code=$?
            umount $group && echo $$ > /sys/fs/cgroup/cgroup.procs && rmdir $group
            exit $code
            """;
        Finished served = await ChildProgram.RunThroughAsync(["unshare", "-m", "sh", "-c", script, "sh"], ["serve", "--print-config"]);
        if (served.ExitCode == NoGroups || served.Errors.Contains("unshare", StringComparison.Ordinal))
        {
            Skip.Test($"No control group of version 2 can be made here: {served.Errors}");
        }

        await Assert.That(served.Output)
            .Contains($"MACHINE_LEARNING_REQUEST_THREADS={(cores == 0 ? Environment.ProcessorCount : cores)}\n").Because(served.Errors);
    }

    static Group NoGroup()
    {
        Skip.Test("No control group can be made here.");
        throw new InvalidOperationException();
    }

    /// <summary>A control group of cgroups v2 or v1 that may use one core, for as long as the test lasts.</summary>
    sealed class Group(string folder) : IDisposable
    {
        public static Group? WithOneCore()
        {
            (string Root, string File, string Quota)[] kinds =
                [("/sys/fs/cgroup", "cpu.max", "100000 100000"), ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "100000"),
                    ("/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "100000")];
            foreach ((string root, string file, string quota) in kinds)
            {
                string folder = Path.Combine(root, $"immich-ml-test-{Environment.ProcessId}");
                try
                {
                    if (!File.Exists(Path.Combine(root, file == "cpu.max" ? "cgroup.controllers" : file)))
                    {
                        continue;
                    }

                    Directory.CreateDirectory(folder);
                    File.WriteAllText(Path.Combine(folder, file), quota);
                    return new Group(folder);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // Not ours to make.
                }
            }

            return null;
        }

        public Task<Finished> RunAsync(params string[] arguments) =>
            ChildProgram.RunThroughAsync(["sh", "-c", $"echo $$ > {folder}/cgroup.procs && exec \"$@\"", "sh"], arguments);

        public void Dispose() => Directory.Delete(folder);
    }
}
