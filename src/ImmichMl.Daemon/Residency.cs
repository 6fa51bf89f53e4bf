using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon;

/// <summary>
/// Lets models go: those that lie idle, those that are over the memory budget, those that somebody unloads; and sees that the memory really
/// goes back.
/// </summary>
sealed class Residency(ResidencyOptions options, SessionCache models, ModelFootprint footprint, TimeProvider time, ILogger<Residency> log)
{
    /// <summary>From now on a model that is to be loaded has idle ones unloaded first, where memory is limited.</summary>
    public void Attach() => models.BeforeLoad = ShrinkFor;

    /// <summary>Looks for idle models until told to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (options.PollSeconds > 0 && !stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(options.PollSeconds), time, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopping.IsCancellationRequested)
            {
                UnloadIdle();
                Shrink(options.MemoryLimit);
            }
        }
    }

    public async Task UnloadAsync(ModelKey key, CancellationToken cancellation)
    {
        ProcessMemory before = ProcessMemory.Now();
        await models.UnloadAsync(key, cancellation);
        GiveBack(key, before, "asked for");
    }

    void UnloadIdle()
    {
        ProcessMemory before = ProcessMemory.Now();
        foreach (ModelKey key in models.UnloadIdle(options.TtlOf))
        {
            GiveBack(key, before, "idle");
            before = ProcessMemory.Now();
        }
    }

    /// <summary>A limit that is too small for the model alone does not keep it out.</summary>
    void ShrinkFor(ModelKey key)
    {
        if (options.MemoryLimit > 0)
        {
            Shrink(Math.Max(1, options.MemoryLimit - footprint.Of(key)));
        }
    }

    void Shrink(long limit)
    {
        if (limit <= 0 || ProcessMemory.Now().Anonymous <= limit)
        {
            return;
        }

        NativeHeap.Trim();
        ProcessMemory before;
        while ((before = ProcessMemory.Now()).Anonymous > limit && models.UnloadOldest() is { } key)
        {
            GiveBack(key, before, "over the memory limit");
        }
    }

    void GiveBack(ModelKey key, ProcessMemory before, string why)
    {
        NativeHeap.Trim();
        ProcessMemory after = ProcessMemory.Now();
        log.Unloaded(key.ToString(), why, before.Resident / 1_000_000, after.Resident / 1_000_000);
    }
}
