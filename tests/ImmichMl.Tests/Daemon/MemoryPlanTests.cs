namespace ImmichMl.Tests.Daemon;

/// <summary>Limits that nobody has set follow from the memory; those that somebody has do not.</summary>
public sealed class MemoryPlanTests
{
    const long Megabyte = 1_000_000;
    const int NoGroups = 77;

    static readonly SystemMemory s_small = new(600 * Megabyte, 500 * Megabyte, true);

    [Test]
    public async Task Little_memory_makes_limits_small()
    {
        var options = DaemonOptions.Read(new Settings(), s_small);
        await Assert.That((options.Images.MaxPixels, options.Runtime.DecodeBytes, options.Runtime.PixelsInFlight))
            .IsEqualTo((50_000_000, 300 * Megabyte, 50_000_000));
        await Assert.That((options.Runtime.ArenaKeep, options.Serve.FrameBytesInFlight)).IsEqualTo((75 * Megabyte, 37_500_000));
        await Assert.That((options.Runtime.RequestThreads, options.Residency.ModelTtlSeconds, options.Residency.MemoryLimitBytes))
            .IsEqualTo((1, 60, 300 * Megabyte));
    }

    [Test]
    [Arguments("0", 0)]
    [Arguments(" 400000000 ", 400)]
    public async Task Where_the_memory_limit_is_a_number_nothing_is_shared_out(string limit, int megabytes)
    {
        var options = DaemonOptions.Read(new Settings().Add("MACHINE_LEARNING_MEMORY_LIMIT", limit), s_small);
        await Assert.That((options.Images.MaxPixels, options.Runtime.DecodeBytes, options.Runtime.PixelsInFlight))
            .IsEqualTo((100_000_000, 300 * Megabyte, 75_000_000));
        await Assert.That((options.Runtime.ArenaKeep, options.Serve.FrameBytesInFlight)).IsEqualTo((150 * Megabyte, 75 * Megabyte));
        await Assert.That((options.Residency.ModelTtlSeconds, options.Residency.MemoryLimitBytes)).IsEqualTo((300, megabytes * Megabyte));
    }

    [Test]
    [Arguments("1.5 GB")]
    [Arguments("-1")]
    public async Task A_memory_limit_that_is_no_number_is_named(string limit)
    {
        OperatorException? refused = await Assert.That(
            () => DaemonOptions.Read(new Settings().Add("MACHINE_LEARNING_MEMORY_LIMIT", limit), s_small)).Throws<OperatorException>();
        await Assert.That(refused!.Message).StartsWith("MACHINE_LEARNING_MEMORY_LIMIT is neither auto nor");
    }

    [Test]
    public async Task What_is_set_holds_though_it_be_the_default()
    {
        var options = DaemonOptions.Read(
            new Settings().Add("MACHINE_LEARNING_PIXELS_IN_FLIGHT", "100000000").Add("MACHINE_LEARNING_MODEL_ARENA_KEEP", "900000000")
                .Add("MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT", "268435456").Add("MACHINE_LEARNING_MAX_IMAGE_PIXELS", "90000000")
                .Add("MACHINE_LEARNING_REQUEST_THREADS", "3").Add("MACHINE_LEARNING_MODEL_TTL", "300"),
            s_small);
        await Assert.That((options.Images.MaxPixels, options.Runtime.DecodeBytes, options.Runtime.PixelsInFlight))
            .IsEqualTo((90_000_000, long.MaxValue, 100_000_000));
        await Assert.That((options.Runtime.ArenaKeep, options.Serve.FrameBytesInFlight)).IsEqualTo((900 * Megabyte, 268_435_456));
        await Assert.That((options.Runtime.RequestThreads, options.Residency.ModelTtlSeconds)).IsEqualTo((3, 300));
    }

    [Test]
    [Arguments(1000, "1.0 GB: one picture of up to 60 megapixels at a time, models unload after 60 s, sooner past 500 MB of the daemon's "
        + "own memory, weights are mapped from optimised copies")]
    [Arguments(2000, "2.0 GB: one picture of up to 100 megapixels at a time (2 smaller ones), models unload after 120 s, sooner past 1000 "
        + "MB of the daemon's own memory, weights are mapped from optimised copies")]
    [Arguments(64_000, "64.0 GB: one picture of up to 100 megapixels at a time (2 smaller ones), models unload after 300 s, weights are "
        + "mapped from optimised copies")]
    public async Task The_plan_is_told_in_plain_words(int megabytes, string words)
    {
        var memory = new SystemMemory(megabytes * Megabyte, megabytes * Megabyte, false);
        var options = DaemonOptions.Read(new Settings(), memory);

        // Elsewhere it hangs on the machine's cores too.
        options.Runtime.RequestThreads = megabytes == 1000 ? options.Runtime.RequestThreads : 2;
        await Assert.That(MemoryPlan.InWords(options, memory)).IsEqualTo(words);
    }

    [Test]
    public async Task The_log_tells_the_rest() =>
        await Assert.That(MemoryPlan.Describe(DaemonOptions.Read(new Settings(), s_small), s_small))
            .Contains("0.6 GB by a control group's limit: one picture").And.Contains("300 MB for decoding").And.Contains("75 MB stay");

    /// <summary>Where a control group can be made; the kernel's own files, no copies of them.</summary>
    [Test]
    public async Task A_real_control_groups_limit_makes_limits_small()
    {
        const string Script = """
            for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
              group=$root/immich-ml-memory-test-$$
              mkdir $group 2>/dev/null || continue
              for file in memory.limit_in_bytes memory.max; do
                if [ -e $group/$file ] && echo 629145600 > $group/$file && echo $$ > $group/cgroup.procs; then
                  "$@"
                  code=$?
                  echo $$ > $root/cgroup.procs && rmdir $group
                  exit $code
                fi
              done
              rmdir $group
            done
            exit 77
            """;
        Finished served = await ChildProgram.RunThroughAsync(["sh", "-c", Script, "sh"], ["serve", "--print-config"]);
        if (served.ExitCode == NoGroups)
        {
            Skip.Test($"No control group for memory can be made here: {served.Errors}");
        }

        await Assert.That(served.Output).Contains("MACHINE_LEARNING_PIXELS_IN_FLIGHT=50000000\n").Because(served.Errors);
        await Assert.That(served.Output).Contains("MACHINE_LEARNING_MODEL_ARENA_KEEP=78643200\n");
    }
}
