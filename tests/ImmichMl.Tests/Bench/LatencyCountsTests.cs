namespace ImmichMl.Tests.Bench;

/// <summary>Percentiles of the buckets against those of the sorted data.</summary>
public sealed class LatencyCountsTests
{
    static readonly double[] s_shares = [0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1];

    public static IEnumerable<Func<(string Name, double[] Milliseconds)>> Data()
    {
        var random = new Lcg(7);
        double Uniform() => (random.Next(1_000_000) + 1) / 1_000_000.0;
        (string, double[])[] all =
        [
            ("one", [12.345]),
            ("two", [1, 1000]),
            ("ten whole numbers", [.. Enumerable.Range(1, 10).Select(i => (double)i)]),
            ("all alike", [.. Enumerable.Repeat(3.7, 1000)]),
            ("uniform", [.. Enumerable.Range(0, 20_000).Select(_ => 250 * Uniform())]),
            ("long tail", [.. Enumerable.Range(0, 20_000).Select(_ => 5 / Math.Pow(Uniform(), 1.5))]),
            ("two humps", [.. Enumerable.Range(0, 20_000).Select(i => i % 10 == 0 ? 900 + (100 * Uniform()) : 0.05 + (0.02 * Uniform()))]),
            ("microseconds", [.. Enumerable.Range(0, 5000).Select(_ => 0.002 * Uniform())]),
            ("minutes", [.. Enumerable.Range(0, 5000).Select(_ => 3_000_000 * Uniform())]),
        ];
        return all.Select(one => (Func<(string, double[])>)(() => one));
    }

    [Test]
    [MethodDataSource(nameof(Data))]
    public async Task Every_percentile_is_within_four_thousandths_of_the_exact_one(string name, double[] milliseconds)
    {
        LatencyCounts counts = Counted(milliseconds);
        double[] sorted = [.. milliseconds.Order()];
        foreach (double share in s_shares)
        {
            int rank = Math.Clamp((int)Math.Ceiling((decimal)share * sorted.Length), 1, sorted.Length);
            double exact = sorted[rank - 1];
            await Assert.That(Math.Abs(counts.Percentile(share) - exact)).IsLessThanOrEqualTo(Math.Max(1e-6, 0.004 * exact))
                .Because($"{name} at {share}");
        }

        await Assert.That((counts.Count, counts.Min, counts.Max)).IsEqualTo((milliseconds.Length, sorted[0], sorted[^1]));
        await Assert.That(Math.Abs(counts.Mean - milliseconds.Average())).IsLessThan(1e-9 * Math.Max(1, milliseconds.Average()));
    }

    [Test]
    [MethodDataSource(nameof(Data))]
    public async Task Parts_counted_apart_and_added_are_the_whole(string name, double[] milliseconds)
    {
        LatencyCounts whole = Counted(milliseconds), parts = Counted(milliseconds[..(milliseconds.Length / 3)]);
        parts.Add(Counted(milliseconds[(milliseconds.Length / 3)..]));
        parts.Add(new LatencyCounts());
        await Assert.That((parts.Count, parts.Min, parts.Max)).IsEqualTo((whole.Count, whole.Min, whole.Max)).Because(name);
        foreach (double share in s_shares)
        {
            await Assert.That(parts.Percentile(share)).IsEqualTo(whole.Percentile(share));
        }
    }

    [Test]
    [MethodDataSource(nameof(Data))]
    public async Task Bars_hold_every_duration_once_and_leave_no_gap(string name, double[] milliseconds)
    {
        LatencyBar[] bars = Counted(milliseconds).Bars(48);
        await Assert.That((bars.Length, bars.Sum(bar => bar.Count))).IsEqualTo((48, milliseconds.Length)).Because(name);
        for (int i = 1; i < bars.Length; i++)
        {
            await Assert.That(Math.Abs(bars[i].FromMs - bars[i - 1].ToMs)).IsLessThanOrEqualTo(1e-9 * bars[i].FromMs);
        }
    }

    [Test]
    public async Task What_cannot_be_counted_does_no_harm()
    {
        var counts = new LatencyCounts();
        foreach (double odd in (double[])[0, -5, double.NaN, double.PositiveInfinity, 1e300, 1e9])
        {
            counts.Add(odd);
        }

        await Assert.That(counts.Count).IsEqualTo(6);
        await Assert.That(counts.Min).IsEqualTo(0);
        await Assert.That(counts.Percentile(0.5)).IsLessThan(1e-6);
        await Assert.That(counts.Bars(10).Sum(bar => bar.Count)).IsEqualTo(6);
        await Assert.That(new LatencyCounts().Percentile(0.99)).IsEqualTo(0);
        await Assert.That(new LatencyCounts().Bars(10)).IsEmpty();
    }

    static LatencyCounts Counted(IEnumerable<double> milliseconds)
    {
        var counts = new LatencyCounts();
        foreach (double one in milliseconds)
        {
            counts.Add(one);
        }

        return counts;
    }
}
