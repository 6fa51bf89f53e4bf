namespace ImmichMl.Tests.Inference;

public sealed class SessionCacheTests
{
    static readonly ModelKey First = new(ModelKind.ClipVisual, "first");
    static readonly ModelKey Second = new(ModelKind.ClipVisual, "second");

    [Test]
    public async Task Sixty_four_who_ask_at_once_share_one_load()
    {
        int loads = 0;
        using var gate = new ManualResetEventSlim();
        using var cache = new SessionCache(
            _ =>
            {
                Interlocked.Increment(ref loads);
                gate.Wait(Patience.Limit);
                return new CountedDisposal();
            },
            TimeProvider.System);
        var asking = Enumerable.Range(0, 64)
            .Select(_ => Task.Run(() => cache.AcquireAsync<CountedDisposal>(First, CancellationToken.None))).ToList();
        await Patience.UntilAsync(() => Volatile.Read(ref loads) > 0);
        await Assert.That(cache.Snapshot().Single().State).IsEqualTo("loading");
        gate.Set();
        SessionCache.Lease<CountedDisposal>[] leases = await Task.WhenAll(asking).Within();
        await Assert.That(leases.Select(lease => lease.Model).Distinct().Count()).IsEqualTo(1);
        await Assert.That(loads).IsEqualTo(1);
        await Assert.That(cache.Snapshot().Single().State).IsEqualTo("loaded");
    }

    [Test]
    public async Task Different_models_load_side_by_side()
    {
        // Each load waits for the other to have begun.
        using var both = new Barrier(2);
        using var cache = new SessionCache(
            _ => both.SignalAndWait(Patience.Limit)
                ? new CountedDisposal()
                : throw new TimeoutException("The other load did not begin."), TimeProvider.System);
        SessionCache.Lease<CountedDisposal>[] leases = await Task.WhenAll(
            cache.AcquireAsync<CountedDisposal>(First, CancellationToken.None), cache.AcquireAsync<CountedDisposal>(
                Second, CancellationToken.None));
        await Assert.That(leases[0].Model).IsNotSameReferenceAs(leases[1].Model);
    }

    [Test]
    public async Task A_failed_load_is_told_to_all_who_wait_and_tried_again_by_the_next()
    {
        int loads = 0;
        using var gate = new ManualResetEventSlim();
        using var cache = new SessionCache(
            _ =>
            {
                gate.Wait(Patience.Limit);
                return Interlocked.Increment(ref loads) == 1
                    ? throw new ModelException(ModelFault.Unusable, "broken")
                    : new CountedDisposal();
            },
            TimeProvider.System);
        var asking = Enumerable.Range(0, 8).Select(_ => cache.AcquireAsync<CountedDisposal>(First, CancellationToken.None)).ToList();
        gate.Set();
        foreach (Task<SessionCache.Lease<CountedDisposal>> one in asking)
        {
            await Assert.That(() => (Task)one).Throws<ModelException>();
        }

        await Patience.UntilAsync(() => cache.Snapshot() is [{ State: "failed" }]);
        using SessionCache.Lease<CountedDisposal> lease = await cache.AcquireAsync<CountedDisposal>(First, CancellationToken.None);
        await Assert.That(loads).IsEqualTo(2);
        await Assert.That(cache.Snapshot().Single().State).IsEqualTo("loaded");
    }

    [Test]
    public async Task A_model_of_another_class_than_asked_for_holds_no_lease()
    {
        var model = new CountedDisposal();
        using var cache = new SessionCache(_ => model, TimeProvider.System);
        await Assert.That(() => (Task)cache.AcquireAsync<MemoryStream>(First, CancellationToken.None)).Throws<InvalidCastException>();
        await cache.UnloadAsync(First, CancellationToken.None).Within();
        await Assert.That(model.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Who_stops_waiting_does_not_stop_the_load()
    {
        using var gate = new ManualResetEventSlim();
        using var cache = new SessionCache(_ => gate.Wait(Patience.Limit) ? new CountedDisposal() : throw new TimeoutException(),
            TimeProvider.System);
        using var impatient = new CancellationTokenSource();
        Task<SessionCache.Lease<CountedDisposal>> leaves = cache.AcquireAsync<CountedDisposal>(First, impatient.Token);
        Task<SessionCache.Lease<CountedDisposal>> stays = cache.AcquireAsync<CountedDisposal>(First, CancellationToken.None);
        await impatient.CancelAsync();
        await Assert.That(() => (Task)leaves).Throws<OperationCanceledException>();
        gate.Set();
        using SessionCache.Lease<CountedDisposal> lease = await stays.Within();
        await Assert.That(lease.Model.Count).IsEqualTo(0);
    }
}
