namespace ImmichMl.Tests.Inference;

/// <summary>How a model leaves the cache: when its last user lets go, and once.</summary>
public sealed class SessionUnloadTests
{
    static readonly ModelKey Key = new(ModelKind.ClipVisual, "model");

    [Test]
    public async Task Unloading_waits_for_the_last_lease_and_disposes_once()
    {
        using var cache = new SessionCache(_ => new CountedDisposal(), TimeProvider.System);
        SessionCache.Lease<CountedDisposal> one = await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        SessionCache.Lease<CountedDisposal> two = await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        CountedDisposal model = one.Model;
        Task unloading = cache.UnloadAsync(Key, CancellationToken.None);
        one.Dispose();
        one.Dispose();
        await Assert.That((unloading.IsCompleted, model.Count)).IsEqualTo((false, 0));
        two.Dispose();
        await unloading.Within();
        await Assert.That(model.Count).IsEqualTo(1);
        await Assert.That(cache.Snapshot()).IsEmpty();
    }

    [Test]
    public async Task Who_asks_during_an_unload_gets_a_new_model_and_the_old_one_still_goes()
    {
        using var cache = new SessionCache(_ => new CountedDisposal(), TimeProvider.System);
        SessionCache.Lease<CountedDisposal> old = await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        Task unloading = cache.UnloadAsync(Key, CancellationToken.None);
        using SessionCache.Lease<CountedDisposal> fresh = await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        await Assert.That(fresh.Model).IsNotSameReferenceAs(old.Model);
        old.Dispose();
        await unloading.Within();
        await Assert.That((old.Model.Count, fresh.Model.Count)).IsEqualTo((1, 0));
    }

    [Test]
    public async Task A_model_unloaded_while_it_loads_goes_as_soon_as_it_is_there()
    {
        var model = new CountedDisposal();
        using var gate = new ManualResetEventSlim();
        using var cache = new SessionCache(_ => gate.Wait(Patience.Limit) ? model : throw new TimeoutException(), TimeProvider.System);
        Task<SessionCache.Lease<CountedDisposal>> asking = cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        Task unloading = cache.UnloadAsync(Key, CancellationToken.None);
        await Assert.That(unloading.IsCompleted).IsFalse();
        gate.Set();
        SessionCache.Lease<CountedDisposal> lease = await asking.Within();
        await Assert.That(model.Count).IsEqualTo(0);
        lease.Dispose();
        await unloading.Within();
        await Assert.That(model.Count).IsEqualTo(1);
    }

    [Test]
    public async Task Unloading_what_is_not_there_is_no_error_and_a_cancelled_unload_still_unloads()
    {
        using var cache = new SessionCache(_ => new CountedDisposal(), TimeProvider.System);
        await cache.UnloadAsync(Key, CancellationToken.None).Within();
        SessionCache.Lease<CountedDisposal> lease = await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None);
        await Assert.That(() => cache.UnloadAsync(Key, new CancellationToken(canceled: true))).Throws<OperationCanceledException>();
        lease.Dispose();
        await Assert.That(lease.Model.Count).IsEqualTo(1);
    }

    [Test]
    public async Task A_disposed_cache_lets_go_of_idle_models_at_once_of_used_ones_later_and_loads_no_more()
    {
        var idle = new CountedDisposal();
        var used = new CountedDisposal();
        var usedKey = new ModelKey(ModelKind.ClipVisual, "used");
        var cache = new SessionCache(key => key == usedKey ? used : idle, TimeProvider.System);
        (await cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None)).Dispose();
        SessionCache.Lease<CountedDisposal> lease = await cache.AcquireAsync<CountedDisposal>(usedKey, CancellationToken.None);
        cache.Dispose();
        cache.Dispose();
        await idle.Disposed.Within();
        await Assert.That((idle.Count, used.Count)).IsEqualTo((1, 0));
        lease.Dispose();
        await Assert.That((idle.Count, used.Count)).IsEqualTo((1, 1));
        await Assert.That(() => (Task)cache.AcquireAsync<CountedDisposal>(Key, CancellationToken.None)).Throws<ObjectDisposedException>();
    }

    sealed class Unwilling : IDisposable
    {
        public void Dispose() => throw new InvalidDataException("It does not go.");
    }

    [Test]
    public async Task A_model_that_fails_to_end_is_told_to_who_unloads_it_and_costs_its_last_user_nothing()
    {
        using var cache = new SessionCache(_ => new Unwilling(), TimeProvider.System);
        SessionCache.Lease<Unwilling> lease = await cache.AcquireAsync<Unwilling>(Key, CancellationToken.None);
        Task unloading = cache.UnloadAsync(Key, CancellationToken.None);
        lease.Dispose();
        await Assert.That(() => unloading.Within()).Throws<InvalidDataException>();
        await Assert.That(cache.Snapshot()).IsEmpty();
    }
}
