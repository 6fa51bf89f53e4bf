namespace ImmichMl.Tests.Inference;

/// <summary>Models that nobody uses go by themselves, those in use never.</summary>
public sealed class SessionIdleTests
{
    static readonly ModelKey Visual = new(ModelKind.ClipVisual, "model");
    static readonly ModelKey Textual = new(ModelKind.ClipTextual, "model");

    static SessionCache Cache() => new(_ => new CountedDisposal(), TimeProvider.System);

    [Test]
    public async Task A_model_goes_when_its_kind_may_not_idle_longer_and_others_stay()
    {
        using SessionCache cache = Cache();
        SessionCache.Lease<CountedDisposal> visual = await cache.AcquireAsync<CountedDisposal>(Visual, CancellationToken.None);
        (await cache.AcquireAsync<CountedDisposal>(Textual, CancellationToken.None)).Dispose();
        await Assert.That(cache.UnloadIdle(_ => TimeSpan.FromHours(1))).IsEmpty();
        await Assert.That(cache.UnloadIdle(_ => null)).IsEmpty();
        await Assert.That(cache.UnloadIdle(kind => kind == ModelKind.ClipVisual ? TimeSpan.Zero : null)).IsEmpty();
        visual.Dispose();
        await Patience.UntilAsync(
            () => cache.UnloadIdle(kind => kind == ModelKind.ClipVisual ? TimeSpan.Zero : null) is [var gone] && gone == Visual);
        await Assert.That(visual.Model.Count).IsEqualTo(1);
        await Assert.That(cache.Snapshot().Single().Key).IsEqualTo(Textual);
    }

    [Test]
    public async Task The_one_used_longest_ago_goes_first_and_one_in_use_never()
    {
        using SessionCache cache = Cache();
        SessionCache.Lease<CountedDisposal> visual = await cache.AcquireAsync<CountedDisposal>(Visual, CancellationToken.None);
        (await cache.AcquireAsync<CountedDisposal>(Textual, CancellationToken.None)).Dispose();
        visual.Dispose();
        var inUse = new ModelKey(ModelKind.ClipVisual, "in use");
        using SessionCache.Lease<CountedDisposal> used = await cache.AcquireAsync<CountedDisposal>(inUse, CancellationToken.None);
        await Patience.UntilAsync(() => Oldest() == Textual);
        await Assert.That(Oldest()).IsEqualTo(Visual);
        await Assert.That(Oldest()).IsNull();
        await Assert.That((visual.Model.Count, used.Model.Count)).IsEqualTo((1, 0));

        ModelKey? Oldest() => cache.UnloadLeast(model => model.Idle.TotalSeconds);
    }

    [Test]
    public async Task The_one_that_is_worth_least_goes_and_one_that_is_worth_keeping_stays()
    {
        using SessionCache cache = Cache();
        await Assert.That(cache.UnloadLeast(_ => 1)).IsNull();
        (await cache.AcquireAsync<CountedDisposal>(Visual, CancellationToken.None)).Dispose();
        (await cache.AcquireAsync<CountedDisposal>(Textual, CancellationToken.None)).Dispose();
        await Patience.UntilAsync(() => cache.UnloadLeast(model => model.Key == Visual ? 2 : -1) == Visual);
        await Assert.That(cache.UnloadLeast(_ => -1)).IsNull();
        await Assert.That(cache.Snapshot().Single().Key).IsEqualTo(Textual);
    }

    [Test]
    public async Task A_reload_puts_a_new_model_in_place_and_the_old_one_goes_with_its_last_user()
    {
        using SessionCache cache = Cache();
        await cache.ReloadAsync(Visual).Within();
        await Assert.That(cache.Snapshot()).IsEmpty();
        SessionCache.Lease<CountedDisposal> old = await cache.AcquireAsync<CountedDisposal>(Visual, CancellationToken.None);
        await cache.ReloadAsync(Visual).Within();
        using SessionCache.Lease<CountedDisposal> fresh = await cache.AcquireAsync<CountedDisposal>(Visual, CancellationToken.None);
        await Assert.That(fresh.Model).IsNotSameReferenceAs(old.Model);
        await Assert.That(old.Model.Count).IsEqualTo(0);
        old.Dispose();
        await Assert.That((old.Model.Count, fresh.Model.Count)).IsEqualTo((1, 0));
    }

    [Test]
    [Arguments("", 300)]
    [Arguments("20", 20)]
    [Arguments("0", null)]
    [Arguments("-1", null)]
    public async Task A_kinds_own_time_goes_before_the_general_one(string own, int? seconds)
    {
        var options = new ResidencyOptions { KindTtl = { [ModelKind.ClipTextual] = own } };
        await Assert.That(options.TtlOf(ModelKind.ClipTextual)?.TotalSeconds).IsEqualTo(seconds);
        await Assert.That(options.TtlOf(ModelKind.ClipVisual)?.TotalSeconds).IsEqualTo(300);
    }

    [Test]
    public async Task Preload_names_are_lists_and_the_older_names_mean_both_kinds()
    {
        var options = new PreloadOptions { Own = { [ModelKind.ClipVisual] = " a, b ," }, Clip = "b", Faces = "f" };
        await Assert.That(string.Join("; ", options.Models.Select(model => $"{model.Kind} {model.Name}"))).IsEqualTo(
            "clip textual b; clip visual a; clip visual b; facial-recognition detection f; facial-recognition recognition f");
        await Assert.That(options.Outdated.Count()).IsEqualTo(2);
    }
}
