namespace ImmichMl.Tests.Daemon;

/// <summary>What readings of memory mean, and that a level does not go up and down with every one.</summary>
public sealed class PressureLevelTests
{
    const long Megabyte = 1_000_000;

    /// <summary>Of 4,000 MB so many are left.</summary>
    static MemoryPressure Reading(double available, double some = 0, double full = 0, double ofGroup = 0, long hits = 0) =>
        new(new SystemMemory(4000 * Megabyte, (long)(available * Megabyte), false), Math.Max(some, ofGroup), full, ofGroup, hits, 0);

    [Test]
    [Arguments(2500, 0, 0, 0, "Calm", "Calm")]
    [Arguments(1500, 6, 0, 0, "Calm", "Tight")]
    [Arguments(1500, 10, 0, 0, "Tight", "Tight")]
    [Arguments(1500, 40, 0, 0, "Critical", "Critical")]
    [Arguments(1500, 12, 10, 0, "Critical", "Critical")]
    [Arguments(2500, 90, 50, 0, "Calm", "Calm")] // Of others, who have less than there is here.
    [Arguments(2500, 0, 0, 12, "Tight", "Tight")]
    [Arguments(500, 0, 0, 0, "Calm", "Tight")]
    [Arguments(300, 0, 0, 0, "Tight", "Critical")]
    [Arguments(160, 0, 0, 0, "Critical", "Critical")]
    public async Task Stalls_and_what_is_left_make_the_level(
        double available, double some, double full, double ofGroup, string gentle, string firm)
    {
        MemoryPressure now = Reading(available, some: some, full: full, ofGroup: ofGroup);
        await Assert.That(new PressureLevels(isFirm: false, TimeProvider.System).Next(now).ToString()).IsEqualTo(gentle);
        await Assert.That(new PressureLevels(isFirm: true, TimeProvider.System).Next(now).ToString()).IsEqualTo(firm);
    }

    [Test]
    public async Task A_limit_that_was_just_met_counts_while_little_is_left()
    {
        var levels = new PressureLevels(isFirm: false, TimeProvider.System);
        await Assert.That(levels.Next(Reading(500, hits: 7))).IsEqualTo(PressureLevel.Calm);
        await Assert.That(levels.Next(Reading(900, hits: 8))).IsEqualTo(PressureLevel.Calm);
        await Assert.That(levels.Next(Reading(500, hits: 9))).IsEqualTo(PressureLevel.Tight);
    }

    [Test]
    public async Task It_rises_at_once_and_falls_a_step_after_ten_seconds_in_which_it_was_clearly_better()
    {
        var clock = new ManualClock();
        var levels = new PressureLevels(isFirm: false, clock);
        await Assert.That(levels.Next(Reading(100))).IsEqualTo(PressureLevel.Critical);
        await Assert.That(Later(9, Reading(3000))).IsEqualTo(PressureLevel.Critical);
        await Assert.That(Later(9, Reading(3000))).IsEqualTo(PressureLevel.Critical);

        // Not bad enough to rise, and not good enough to fall: it counts from the beginning.
        await Assert.That(Later(1, Reading(210))).IsEqualTo(PressureLevel.Critical);
        await Assert.That(Later(1, Reading(3000))).IsEqualTo(PressureLevel.Critical);
        await Assert.That(Later(10, Reading(3000))).IsEqualTo(PressureLevel.Tight);
        await Assert.That(Later(1, Reading(3000))).IsEqualTo(PressureLevel.Tight);
        await Assert.That(Later(10, Reading(1500, some: 6))).IsEqualTo(PressureLevel.Tight);
        await Assert.That(Later(1, Reading(1500, some: 4))).IsEqualTo(PressureLevel.Tight);
        await Assert.That(Later(10, Reading(1500, some: 4))).IsEqualTo(PressureLevel.Calm);

        PressureLevel Later(int seconds, in MemoryPressure now)
        {
            clock.Pass(TimeSpan.FromSeconds(seconds));
            return levels.Next(now);
        }
    }
}
