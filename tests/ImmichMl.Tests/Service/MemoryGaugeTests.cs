namespace ImmichMl.Tests.Service;

/// <summary>The kernel's files as data: stalls, limits that were met, and swap.</summary>
public sealed class MemoryGaugeTests
{
    const long Megabyte = 1_000_000;

    [Test]
    public async Task Where_nobody_tells_of_stalls_what_is_left_is_all_there_is()
    {
        using var machine = new KernelFiles();
        var gauge = new MemoryGauge(machine.Proc);
        MemoryPressure now = gauge.Read();
        await Assert.That(now).IsEqualTo(new MemoryPressure(machine.Memory, 0, 0, 0, 0, 0));
        await Assert.That((gauge.StallFile, gauge.Describe())).IsEqualTo((null, "MemAvailable"));
    }

    [Test]
    public async Task The_machines_stalls_and_a_groups_are_told_apart()
    {
        using var machine = new KernelFiles();
        machine.Stalls(some: 3.25, full: 1);
        machine.Mount("cgroup2", "/", "rw", "0::/app/worker");
        machine.Group("", ("memory.pressure", "some avg10=99.00 avg60=0.00 avg300=0.00 total=0"));
        machine.Group("app", ("cgroup.type", "domain"));
        machine.Group("app/worker", ("cgroup.type", "domain"));
        machine.Stalls(some: 20.5, full: 7.5, group: "app");
        var gauge = new MemoryGauge(machine.Proc);
        MemoryPressure now = gauge.Read();
        await Assert.That((now.Some, now.Full, now.GroupSome)).IsEqualTo((20.5, 7.5, 20.5));
        await Assert.That(gauge.StallFile).EndsWith("/group/app/memory.pressure");
        machine.Stalls(some: 30, full: 0);
        await Assert.That(gauge.Read().Some).IsEqualTo(30);
    }

    [Test]
    public async Task Limits_that_were_met_are_counted_in_version_2()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup2", "/", "rw", "0::/app");
        machine.Group("app", ("memory.max", $"{600 * Megabyte}"), ("memory.events", "low 0\nhigh 3\nmax 4\noom 5\noom_kill 6"),
            ("memory.swap.max", "0"));
        MemoryPressure now = new MemoryGauge(machine.Proc).Read();
        await Assert.That((now.Hits, now.SwapFree, now.Memory.Limit)).IsEqualTo((7, 0, 600 * Megabyte));
    }

    [Test]
    public async Task Limits_that_were_met_are_counted_in_version_1()
    {
        using var machine = new KernelFiles();
        machine.Mount("cgroup", "/", "rw,memory", "4:memory:/app");
        machine.Group("app", ("memory.limit_in_bytes", $"{600 * Megabyte}"), ("memory.usage_in_bytes", $"{100 * Megabyte}"),
            ("memory.failcnt", "12"));
        var gauge = new MemoryGauge(machine.Proc);
        await Assert.That((gauge.Read().Hits, gauge.Read().Memory.Available)).IsEqualTo((12, 500 * Megabyte));
        await Assert.That(gauge.Describe()).EndsWith("/memory.limit_in_bytes, MemAvailable");
    }

    [Test]
    [Arguments("")]
    [Arguments("some")]
    [Arguments("some avg10=")]
    [Arguments("some avg10=NaN avg60=0\nfull avg10=1e999 avg60=0")]
    [Arguments("some avg10=,5 total=0")]
    [Arguments("some avg10=99999999999999999999.00 total=0")]
    [Arguments("some avg10=5. total=0")]
    public async Task What_cannot_be_read_is_no_stall(string content)
    {
        using var machine = new KernelFiles();
        machine.Stalls(1, 1);
        await File.WriteAllTextAsync(Path.Combine(machine.Proc, "pressure/memory"), content);
        MemoryPressure now = new MemoryGauge(machine.Proc).Read();
        await Assert.That((now.Some, now.Full)).IsEqualTo((0, 0));
    }

    [Test]
    public async Task Looking_again_and_again_leaves_hardly_any_garbage()
    {
        using var machine = new KernelFiles();
        machine.Stalls(1, 1);
        machine.Mount("cgroup2", "/", "rw", "0::/app");
        machine.Group("app", ("memory.max", $"{600 * Megabyte}"), ("memory.current", "1"), ("memory.stat", new string('x', 5000)));
        var gauge = new MemoryGauge(machine.Proc);
        gauge.Read();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            gauge.Read();
        }

        await Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / 100).IsLessThan(8_000);
    }

    [Test]
    public async Task A_file_that_takes_no_trigger_leaves_it_to_looking()
    {
        using var machine = new KernelFiles();
        await Assert.That(StallTrigger.Open(null)).IsNull();
        await Assert.That(StallTrigger.Open(Path.Combine(machine.Proc, "pressure/memory"))).IsNull();
    }

    [Test]
    public async Task Waiting_for_a_stall_ends_by_itself_and_by_cancellation()
    {
        using StallTrigger? trigger = StallTrigger.Open("/proc/pressure/memory");
        if (trigger is null)
        {
            Skip.Test("This kernel or this user may not have itself told of stalls.");
        }

        await trigger!.WaitAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None).Within();
        using var cancelled = new CancellationTokenSource();
        Task waits = trigger!.WaitAsync(Timeout.InfiniteTimeSpan, cancelled.Token);
        await cancelled.CancelAsync();
        await waits.Within();
    }
}
