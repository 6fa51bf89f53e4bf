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
            .IsEqualTo((100_000_000, 300 * Megabyte, 75_000_000));
        await Assert.That((options.Runtime.ArenaKeep, options.Serve.FrameBytesInFlight)).IsEqualTo((150 * Megabyte, 75 * Megabyte));
    }

    [Test]
    public async Task What_is_set_holds_though_it_be_the_default()
    {
        var options = DaemonOptions.Read(
            new Settings().Add("MACHINE_LEARNING_PIXELS_IN_FLIGHT", "100000000").Add("MACHINE_LEARNING_MODEL_ARENA_KEEP", "900000000")
                .Add("MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT", "268435456").Add("MACHINE_LEARNING_MAX_IMAGE_PIXELS", "90000000"),
            s_small);
        await Assert.That((options.Images.MaxPixels, options.Runtime.DecodeBytes, options.Runtime.PixelsInFlight))
            .IsEqualTo((90_000_000, long.MaxValue, 100_000_000));
        await Assert.That((options.Runtime.ArenaKeep, options.Serve.FrameBytesInFlight)).IsEqualTo((900 * Megabyte, 268_435_456));
    }

    [Test]
    public async Task The_plan_is_told_in_words() =>
        await Assert.That(MemoryPlan.Describe(DaemonOptions.Read(new Settings(), s_small), s_small))
            .Contains("600 MB by a control group's limit").And.Contains("300 MB while decoding").And.Contains("150 MB stay");

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

        await Assert.That(served.Output).Contains("MACHINE_LEARNING_PIXELS_IN_FLIGHT=78643200\n").Because(served.Errors);
        await Assert.That(served.Output).Contains("MACHINE_LEARNING_MODEL_ARENA_KEEP=157286400\n");
    }
}
