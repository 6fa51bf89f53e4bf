namespace ImmichMl.Tests.Inference;

/// <summary>What runs need again and again stays with them; what only one has needed goes back in time.</summary>
public sealed class RecentNeedTests
{
    const long Least = 10;
    const long Most = 1000;

    [Test]
    public async Task What_runs_need_again_within_the_span_stays()
    {
        var clock = new ManualClock();
        var need = new RecentNeed(Least, TimeSpan.FromSeconds(30), clock);
        for (int second = 0; second < 30; second++)
        {
            await Assert.That(need.IsPast(400, Most)).IsFalse();
            clock.Pass(TimeSpan.FromSeconds(1));
        }

        await Assert.That(need.IsPast(400, Most)).IsTrue();
        need.Restart();
        await Assert.That(need.IsPast(400, Most)).IsFalse();
    }

    [Test]
    public async Task More_than_the_limit_goes_back_at_once()
    {
        var need = new RecentNeed(Least, TimeSpan.FromSeconds(30), new ManualClock());
        await Assert.That(need.IsPast(Most + 1, Most)).IsTrue();
        await Assert.That(need.IsPast(Most, Most)).IsFalse();
    }

    [Test]
    public async Task Little_stays_however_long()
    {
        var clock = new ManualClock();
        var need = new RecentNeed(Least, TimeSpan.FromSeconds(30), clock);
        clock.Pass(TimeSpan.FromHours(1));
        await Assert.That(need.IsPast(Least - 1, Most)).IsFalse();
    }

    [Test]
    public async Task A_pause_before_a_run_is_not_held_against_it()
    {
        var clock = new ManualClock();
        var need = new RecentNeed(Least, TimeSpan.FromSeconds(30), clock);
        clock.Pass(TimeSpan.FromHours(1));
        await Assert.That(need.IsPast(400, Most)).IsFalse();
    }
}
