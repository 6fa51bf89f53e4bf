namespace ImmichMl.Tests.Bench;

/// <summary>When the requests of an open loop are meant to start.</summary>
public sealed class ArrivalScheduleTests
{
    [Test]
    [Arguments(1.0)]
    [Arguments(20.0)]
    [Arguments(333.3)]
    [Arguments(0.25)]
    public async Task Without_a_ramp_they_are_as_far_apart_as_the_rate_says(double rate)
    {
        var schedule = new ArrivalSchedule(rate, TimeSpan.Zero, poisson: false);
        for (int number = 0; number < 1000; number++)
        {
            await Assert.That(Math.Abs(schedule.Next().TotalSeconds - (number / rate))).IsLessThan(1e-6);
        }
    }

    [Test]
    [Arguments(100.0, 4.0)]
    [Arguments(7.0, 30.0)]
    public async Task A_ramp_sends_half_of_what_its_time_would_hold_and_ends_without_a_jump(double rate, double ramp)
    {
        var schedule = new ArrivalSchedule(rate, TimeSpan.FromSeconds(ramp), poisson: false);
        double[] starts = [.. Enumerable.Range(0, (int)(rate * ramp * 2)).Select(_ => schedule.Next().TotalSeconds)];
        await Assert.That(starts.Count(start => start < ramp - 1e-9)).IsEqualTo((int)Math.Round(rate * ramp / 2));
        await Assert.That(starts.Zip(starts.Skip(1)).All(pair => pair.Second > pair.First)).IsTrue();

        // By half the ramp a quarter of its requests, as the area below the rising line says.
        await Assert.That(Math.Abs(starts.Count(start => start < ramp / 2) - (rate * ramp / 8))).IsLessThanOrEqualTo(1);
        double[] after = [.. starts.Where(start => start >= ramp)];
        await Assert.That(after.Zip(after.Skip(1)).All(pair => Math.Abs(pair.Second - pair.First - (1 / rate)) < 1e-6)).IsTrue();
    }

    [Test]
    public async Task At_random_they_have_the_mean_and_the_spread_of_a_Poisson_process_and_are_the_same_every_time()
    {
        const double Rate = 50;
        ArrivalSchedule one = new(Rate, TimeSpan.Zero, poisson: true), other = new(Rate, TimeSpan.Zero, poisson: true);
        double[] starts = [.. Enumerable.Range(0, 20_001).Select(_ => one.Next().TotalSeconds)];
        await Assert.That(starts.SequenceEqual(Enumerable.Range(0, 20_001).Select(_ => other.Next().TotalSeconds))).IsTrue();
        double[] gaps = [.. starts.Zip(starts.Skip(1), (before, after) => after - before)];
        double mean = gaps.Average();
        double deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));
        await Assert.That(mean * Rate).IsBetween(0.97, 1.03);
        await Assert.That(deviation * Rate).IsBetween(0.97, 1.03);

        // Longer than three means: e^-3 of all.
        await Assert.That(gaps.Count(gap => gap > 3 / Rate) / (double)gaps.Length).IsBetween(0.045, 0.055);
    }
}
