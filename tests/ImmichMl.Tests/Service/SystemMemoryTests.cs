namespace ImmichMl.Tests.Service;

/// <summary>The kernel's files as data: the smallest limit above the process counts, and pages of files count as free.</summary>
public sealed class SystemMemoryTests
{
    const long Megabyte = 1_000_000;
    const string V1Unlimited = "9223372036854771712";

    [Test]
    public async Task Without_a_group_the_machine_is_the_limit()
    {
        using var machine = new KernelFiles();
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(8192 * Megabyte, 4096 * Megabyte, false));
    }

    [Test]
    public async Task A_group_of_version_2_is_the_limit_and_its_cache_is_free()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup2", "/", "rw", "0::/app/worker");
        machine.Group("app", ("memory.max", "max"), ("memory.high", "max"), ("memory.current", "0"));
        machine.Group("app/worker", ("memory.max", $"{600 * Megabyte}"), ("memory.high", "max"), ("memory.current", $"{500 * Megabyte}"),
            ("memory.stat", $"anon 1\ninactive_file {100 * Megabyte}\nactive_file {50 * Megabyte}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(600 * Megabyte, 250 * Megabyte, true));
    }

    [Test]
    public async Task A_parents_limit_counts_with_what_all_below_it_use()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup2", "/", "rw", "0::/app/worker");
        machine.Group("app", ("memory.max", $"{700 * Megabyte}"), ("memory.current", $"{650 * Megabyte}"));
        machine.Group("app/worker", ("memory.max", $"{900 * Megabyte}"), ("memory.current", $"{10 * Megabyte}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(700 * Megabyte, 50 * Megabyte, true));
    }

    [Test]
    public async Task The_mark_past_which_the_kernel_slows_down_counts_as_a_limit()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup2", "/", "rw", "0::/app");
        machine.Group("app",
            ("memory.max", $"{900 * Megabyte}"), ("memory.high", $"{300 * Megabyte}"), ("memory.current", $"{400 * Megabyte}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(300 * Megabyte, 0, true));
    }

    [Test]
    public async Task A_container_without_a_namespace_sees_its_own_group_where_the_mount_is()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup", "/docker/f00", "rw,memory", "5:cpu:/\n4:memory,other:/docker/f00");
        machine.Group("", ("memory.limit_in_bytes", $"{600 * Megabyte}"), ("memory.usage_in_bytes", $"{400 * Megabyte}"),
            ("memory.stat", $"inactive_file 0\ntotal_inactive_file {20 * Megabyte}\ntotal_active_file {30 * Megabyte}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(600 * Megabyte, 250 * Megabyte, true));
    }

    [Test]
    public async Task In_version_1_a_parent_that_cannot_be_seen_counts()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup", "/docker/f00", "rw,memory", "4:memory:/docker/f00");
        machine.Group("",
            ("memory.limit_in_bytes", V1Unlimited), ("memory.usage_in_bytes", $"{100 * Megabyte}"),
            ("memory.stat", $"hierarchical_memory_limit {500 * Megabyte}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(500 * Megabyte, 400 * Megabyte, true));
    }

    [Test]
    public async Task A_group_without_a_limit_changes_nothing()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup", "/", "rw,memory", "4:memory:/app");
        machine.Group("app",
            ("memory.limit_in_bytes", V1Unlimited), ("memory.usage_in_bytes", $"{100 * Megabyte}"),
            ("memory.stat", $"hierarchical_memory_limit {V1Unlimited}"));
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(8192 * Megabyte, 4096 * Megabyte, false));
    }

    [Test]
    [Arguments("0::/../../elsewhere")]
    [Arguments("0::/gone")]
    [Arguments("nonsense")]
    public async Task Paths_that_lead_nowhere_change_nothing(string group)
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup2", "/", "rw", group);
        await Assert.That(machine.Memory).IsEqualTo(new SystemMemory(8192 * Megabyte, 4096 * Megabyte, false));
    }

    [Test]
    public async Task This_machine_has_memory()
    {
        var memory = SystemMemory.Now();
        await Assert.That(memory.Limit).IsGreaterThan(100 * Megabyte);
        await Assert.That(memory.Available).IsPositive().And.IsLessThanOrEqualTo(memory.Limit);
    }
}
