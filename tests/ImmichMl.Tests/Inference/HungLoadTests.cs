namespace ImmichMl.Tests.Inference;

/// <summary>Loads that a disk holds up: whoever wants another model does not notice, and who wants this one is told.</summary>
public sealed class HungLoadTests
{
    static readonly ModelKey Good = new(ModelKind.ClipVisual, "good");
    static readonly ModelKey[] Hung = [.. Enumerable.Range(0, 6).Select(i => new ModelKey(ModelKind.ClipVisual, $"hung-{i}"))];

    [Test]
    public async Task Other_models_load_and_those_who_wait_are_told_and_the_model_is_used_once_it_is_there()
    {
        var clock = new ManualClock();
        bool isOpen = false;
        using var gate = new ManualResetEventSlim();
        using var cache = new SessionCache(
            key => key == Good || isOpen || gate.Wait(Patience.Limit)
                ? new CountedDisposal()
                : throw new TimeoutException("The gate stayed shut."), clock);
        Task<SessionCache.Lease<CountedDisposal>>[] waiting =
            [.. Hung.Select(key => cache.AcquireAsync<CountedDisposal>(key, CancellationToken.None))];
        Task<SessionCache.Lease<CountedDisposal>> patient = cache.AcquireAsync<CountedDisposal>(
            Hung[0], CancellationToken.None, TimeSpan.FromHours(2));
        Task<SessionCache.Lease<CountedDisposal>> other = cache.AcquireAsync<CountedDisposal>(Good, CancellationToken.None);

        // Eight who wait, and one for each of the four loads that run.
        await Patience.UntilAsync(() => clock.Pending == 12);
        clock.Pass(TimeSpan.FromSeconds(61));
        (await other.Within()).Dispose();
        await Assert.That(waiting.Any(one => one.IsCompleted)).IsFalse();

        // Who comes now is told at once; who has waited is told when HTTP clients would give up.
        ModelException? told = await Assert.That(
            () => (Task)cache.AcquireAsync<CountedDisposal>(Hung[0], CancellationToken.None).Within()).Throws<ModelException>();
        await Assert.That((told!.Fault, told.RetryAfter is not null)).IsEqualTo((ModelFault.Unavailable, true));
        clock.Pass(TimeSpan.FromSeconds(180));
        foreach (Task<SessionCache.Lease<CountedDisposal>> one in waiting)
        {
            await Assert.That(() => (Task)one.Within()).Throws<ModelException>();
        }

        // A quarter of an hour later it is tried anew, beside the one that hangs.
        clock.Pass(TimeSpan.FromMinutes(15));
        isOpen = true;
        SessionCache.Lease<CountedDisposal> anew = await cache.AcquireAsync<CountedDisposal>(Hung[0], CancellationToken.None).Within();
        gate.Set();
        SessionCache.Lease<CountedDisposal> late = await patient.Within();
        await Assert.That(late.Model).IsNotSameReferenceAs(anew.Model);
        late.Dispose();
        anew.Dispose();
        await Patience.UntilAsync(() => late.Model.Count == 1);
        await Assert.That(anew.Model.Count).IsEqualTo(0);
    }
}
