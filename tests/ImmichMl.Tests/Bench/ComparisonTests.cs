namespace ImmichMl.Tests.Bench;

/// <summary>A B A B, and what B is in terms of A.</summary>
public sealed class ComparisonTests
{
    [Test]
    public async Task Every_run_is_set_against_its_neighbours()
    {
        // B/A of neighbours: 2/1, 2/4, 6/4.
        var comparison = Comparison.Of("image", "req/s", [1, 2, 4, 6]);
        await Assert.That(comparison).IsEqualTo(new Comparison("image", "req/s", 2.5, 4, 1.5, 0.5, 2));
    }

    [Test]
    public async Task Two_runs_have_one_ratio()
    {
        await Assert.That(Comparison.Of("all", "p50 ms", [10, 4])).IsEqualTo(new Comparison("all", "p50 ms", 10, 4, 0.4, 0.4, 0.4));
    }

    [Test]
    public async Task Where_A_answered_nothing_there_is_no_ratio()
    {
        var comparison = Comparison.Of("all", "req/s", [0, 4, 0, 4]);
        await Assert.That((comparison.Ratio, comparison.Least, comparison.Most)).IsEqualTo((0, 0, 0));
    }
}
