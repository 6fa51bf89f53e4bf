namespace ImmichMl.Tests.Inference;

/// <summary>How long one waits for others to share a run with.</summary>
public sealed class BatchWaitTests
{
    static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan s_instant = TimeSpan.FromMilliseconds(1);

    /// <summary>A batch whose answers say how many shared the run.</summary>
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

    /// <summary>How many shared the run of each of them.</summary>
    static async Task<string> AllAsync(params Task<int>[] items) => string.Join(' ', await Task.WhenAll(items).Within());

    [Test]
    public async Task One_alone_waits_as_long_as_it_may_and_who_comes_late_joins_and_prolongs_nothing()
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
    public async Task One_whose_time_is_over_or_that_is_not_wanted_leaves_and_the_other_runs(bool isLate)
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

    /// <summary>A clock whose first alarm cannot be set.</summary>
    sealed class BrokenClock : TimeProvider
    {
        int _alarms;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            _alarms++ == 0 ? throw new InsufficientMemoryException() : base.CreateTimer(callback, state, dueTime, period);
    }

    [Test]
    public async Task Who_waits_where_the_leading_fails_is_told_and_the_next_is_answered()
    {
        using var queue = new InferenceQueue(new RuntimeOptions { RequestThreads = 1 });
        var options = new ClipOptions { MaxBatch = 8, BatchWaitMilliseconds = 1 };
        var batch = new ClipBatch<int>(static (items, _) => [.. items.Select(item => new float[] { item })], options, 1, new BrokenClock());
        using InferenceQueue.Admission admission = queue.Admit(Lane.Interactive);
        var clock = new StageClock(TimeProvider.System);
        await Assert.That(async () => await batch.EncodeAsync(1, admission, clock, default, default).Within())
            .Throws<InsufficientMemoryException>();
        await Assert.That((await batch.EncodeAsync(2, admission, clock, default, default).Within())[0]).IsEqualTo(2);
    }
}
