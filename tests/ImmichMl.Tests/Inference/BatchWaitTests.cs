using ImmichMl.Inference;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Scheduling;
using ImmichMl.Inference.Sessions;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

/// <summary>How long one waits for others to share a run with.</summary>
public sealed class BatchWaitTests
{
    static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    /// <summary>A batch whose answers say how many rode in the run.</summary>
    sealed class SharedRuns : IDisposable
    {
        readonly InferenceQueue _queue = new(new RuntimeOptions { RequestThreads = 2 });
        readonly ClipBatch<int> _batch;

        public SharedRuns(int most) => _batch = new ClipBatch<int>(
            static (items, _) => [.. items.Select(_ => new float[] { items.Count })],
            new ClipOptions { MaxBatch = most, BatchWaitMilliseconds = s_most.TotalMilliseconds }, 2, Clock);

        public ManualClock Clock { get; } = new();

        public async Task<int> GoAsync(Lane lane, CancellationToken start = default, CancellationToken cancellation = default)
        {
            using InferenceQueue.Admission admission = _queue.Admit(lane);
            await admission.SlotAsync(cancellation);
            return (int)(await _batch.EncodeAsync(0, admission, new StageClock(TimeProvider.System), start, cancellation))[0];
        }

        /// <summary>Until so many wait, of either lane: up to two of each look for others by a clock of their own.</summary>
        public Task WaitAsync(int alarms) => Patience.UntilAsync(() => Clock.Pending == alarms);

        public void Dispose() => _queue.Dispose();
    }

    /// <summary>How many rode with each of them.</summary>
    static async Task<string> AllAsync(params Task<int>[] items) => string.Join(' ', await Task.WhenAll(items).Within());

    [Test]
    public async Task One_alone_waits_as_long_as_it_may_and_who_comes_late_rides_along_and_prolongs_nothing()
    {
        using var runs = new SharedRuns(most: 8);
        Task<int> first = runs.GoAsync(Lane.Interactive);
        await runs.WaitAsync(1);
        runs.Clock.Pass(s_most - s_instant);
        Task<int> second = runs.GoAsync(Lane.Interactive);
        await runs.WaitAsync(2);
        await Assert.That(first.IsCompleted).IsFalse();
        runs.Clock.Pass(s_instant);
        await Assert.That(await AllAsync(first, second)).IsEqualTo("2 2");
    }

    [Test]
    public async Task A_full_run_waits_no_longer()
    {
        using var runs = new SharedRuns(most: 2);
        await Assert.That(await AllAsync(runs.GoAsync(Lane.Interactive), runs.GoAsync(Lane.Interactive))).IsEqualTo("2 2");
    }

    [Test]
    public async Task What_somebody_waits_for_goes_when_its_own_wait_is_over_however_many_of_a_backlog_wait()
    {
        using var runs = new SharedRuns(most: 8);
        Task<int> first = runs.GoAsync(Lane.Interactive);
        await runs.WaitAsync(1);
        runs.Clock.Pass(s_most / 2);
        Task<int>[] backlog = [runs.GoAsync(Lane.Background), runs.GoAsync(Lane.Background)];
        await runs.WaitAsync(3);
        runs.Clock.Pass(s_most / 2);
        await Assert.That(await first.Within()).IsEqualTo(1);
        await Assert.That(backlog.Any(one => one.IsCompleted)).IsFalse();
        runs.Clock.Pass(s_most / 2);
        await Assert.That(await AllAsync(backlog)).IsEqualTo("2 2");
    }

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task One_whose_time_is_over_or_that_is_not_wanted_leaves_and_the_other_rides(bool isLate)
    {
        using var runs = new SharedRuns(most: 8);
        using var leave = new CancellationTokenSource();
        Task<int> first = runs.GoAsync(Lane.Interactive, isLate ? leave.Token : default, isLate ? default : leave.Token);
        await runs.WaitAsync(1);
        Task<int> other = runs.GoAsync(Lane.Interactive);
        await runs.WaitAsync(2);
        await leave.CancelAsync();
        await Assert.That(async () => await first.Within()).Throws<OperationCanceledException>();
        runs.Clock.Pass(s_most);
        await Assert.That(await other.Within()).IsEqualTo(1);
    }
}
