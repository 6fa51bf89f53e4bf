using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon;

/// <summary>
/// Lets models go: those that lie idle, those that are over the memory budget, those that somebody unloads; sees that the memory really
/// goes back, and that a model is loaded only where there is memory for it.
/// </summary>
sealed class Residency(
    ResidencyOptions options, SessionCache models, ModelFootprint footprint, MemoryGauge gauge, TimeProvider time, ILogger<Residency> log)
{
    // Bytes beside those of a model's files: for the request that it is loaded for.
    const long Spare = 64_000_000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    // As long as a load may take before it is taken to hang.
    static readonly TimeSpan s_turnPatience = TimeSpan.FromSeconds(60);

    // Models that memory is short for load one after the other: what a load has not touched yet still counts as available.
    readonly object _scarce = new();

    // What given-back memory is told through.
    readonly object _returned = new();

    // Bytes by model, as they were in front of its load.
    readonly Dictionary<ModelKey, long> _sizes = [];

    /// <summary>From now on a model that is to be loaded has idle ones unloaded first, where memory is limited or short.</summary>
    public void Attach() => models.BeforeLoad = MakeRoom;

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
                Shrink(options.MemoryLimitBytes);
            }
        }
    }

    public async Task UnloadAsync(ModelKey key, CancellationToken cancellation)
    {
        ProcessMemory before = ProcessMemory.Now();
        await models.UnloadAsync(key, cancellation);
        GiveBack(key, before, "asked for");
    }

    /// <summary>
    /// Unloads the model that is worth least among those that nobody has used for so long: the largest product of its size and that time.
    /// </summary>
    /// <returns>False where there is none.</returns>
    public bool UnloadLeast(TimeSpan idle, string why)
    {
        ProcessMemory before = ProcessMemory.Now();
        if (models.UnloadLeast(model => model.Idle < idle ? -1 : SizeOf(model.Key) * model.Idle.TotalSeconds) is not { } key)
        {
            return false;
        }

        GiveBack(key, before, why);
        return true;
    }

    long SizeOf(ModelKey key)
    {
        lock (_sizes)
        {
            return _sizes.GetValueOrDefault(key);
        }
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

    /// <summary>A limit that is too small for the model alone does not keep it out; memory that is not there does.</summary>
    /// <returns>Where others have to wait for this load's end, what is to be disposed then.</returns>
    /// <exception cref="InferenceException">There is no memory for it now.</exception>
    LoadTurn? MakeRoom(ModelKey key)
    {
        long bytes;
        try
        {
            bytes = footprint.Of(key);
            long all = footprint.OfFiles(key);
            lock (_sizes)
            {
                _sizes[key] = all;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelException)
        {
            // The load tells what is wrong.
            return null;
        }

        if (options.MemoryLimitBytes > 0)
        {
            Shrink(Math.Max(1, options.MemoryLimitBytes - bytes));
        }

        if (Left() >= (bytes + Spare) * 2)
        {
            return null;
        }

        AwaitTurn(key);
        try
        {
            AwaitRoom(key, bytes);
            return new LoadTurn(_scarce);
        }
        catch
        {
            Monitor.Exit(_scarce);
            throw;
        }
    }

    /// <exception cref="InferenceException">Another load does not end: a disk may hang.</exception>
    void AwaitTurn(ModelKey key)
    {
        long since = time.GetTimestamp();
        while (!Monitor.TryEnter(_scarce, s_pause))
        {
            if (time.GetElapsedTime(since) >= s_turnPatience)
            {
                throw new InferenceException(
                    InferenceFault.OutOfMemory, $"Memory suffices for one load at a time, and another one holds up model {key}.")
                {
                    RetryAfter = s_patience,
                };
            }
        }
    }

    void AwaitRoom(ModelKey key, long bytes)
    {
        long since = time.GetTimestamp();
        NativeHeap.Trim();
        while (Left() is var left && left < bytes + Spare)
        {
            if (UnloadLeast(TimeSpan.Zero, $"{key} needs the memory"))
            {
                continue;
            }

            if (time.GetElapsedTime(since) >= s_patience)
            {
                string told = $"Loading model {key} takes about {bytes / 1_000_000} MB; {left / 1_000_000} MB are left now.";
                throw new InferenceException(InferenceFault.OutOfMemory, told) { RetryAfter = s_patience };
            }

            lock (_returned)
            {
                Monitor.Wait(_returned, s_pause);
            }
        }
    }

    /// <summary>Bytes that can still be taken, swap included.</summary>
    long Left()
    {
        MemoryPressure now = gauge.Read();
        return now.Memory.Available + now.SwapFree;
    }

    void Shrink(long limit)
    {
        if (limit <= 0 || ProcessMemory.Now().Anonymous <= limit)
        {
            return;
        }

        NativeHeap.Trim();
        ProcessMemory before;
        while ((before = ProcessMemory.Now()).Anonymous > limit && models.UnloadLeast(model => model.Idle.TotalSeconds) is { } key)
        {
            GiveBack(key, before, "over the memory limit");
        }
    }

    void GiveBack(ModelKey key, ProcessMemory before, string why)
    {
        NativeHeap.Trim();
        ProcessMemory after = ProcessMemory.Now();
        log.Unloaded(key.ToString(), why, before.Resident / 1_000_000, after.Resident / 1_000_000);
        lock (_returned)
        {
            Monitor.PulseAll(_returned);
        }
    }

    /// <summary>Ends on the thread that has it, which loads.</summary>
    sealed class LoadTurn(object turn) : IDisposable
    {
        public void Dispose() => Monitor.Exit(turn);
    }
}
