using ImmichMl.Daemon.Results;
using ImmichMl.Inference.Clip;

namespace ImmichMl.Daemon;

/// <summary>
/// Gives way where the machine or a control group runs short of memory: what lies free goes back, caches are dropped, idle models unloaded
/// (the least useful first), and fewer requests and pixels are in work at once. What does not fit waits; answers stay what they are. All
/// comes back by itself. It looks each second, and every 5 s while nothing is loaded or most is free and the kernel would tell of stalls.
/// </summary>
sealed class PressureWatch(
    ResidencyOptions options, RuntimeOptions runtime, MemoryGauge gauge, SessionCache models, Residency residency, InferenceQueue queue,
    DecodeQueue decoder, ResultCache results, TimeProvider time, ILogger<PressureWatch> log)
{
    // Looks from one trim to the next while it is short: others' runs fill the arena meanwhile.
    const int LooksToTrim = 5;

    static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_quietLook = TimeSpan.FromSeconds(5);

    // A model that is in use all the time has been idle for less: to load it again would take more than it gives.
    static readonly TimeSpan s_unused = TimeSpan.FromSeconds(5);
    static readonly TimeSpan s_hardlyUsed = TimeSpan.FromSeconds(1);

    readonly PressureLevels _levels = new(options.IsFirm, time);
    volatile PressureUse? _use;
    long _tight, _critical, _unloaded, _trimmed;
    int _looks;

    /// <summary>What is told of it; null before the first look and where it is off.</summary>
    public PressureUse? Use => _use;

    /// <summary>Runs when the level has become critical.</summary>
    public event Action? BecameCritical;

    public async Task RunAsync(CancellationToken stopping)
    {
        if (!options.HeedsPressure)
        {
            return;
        }

        using StallTrigger? trigger = StallTrigger.Open(gauge.StallFile);
        log.WatchingMemory(gauge.Describe(), trigger is null ? "asked for" : "told by the kernel");
        while (!stopping.IsCancellationRequested)
        {
            MemoryPressure now = Look();
            bool isQuiet = _levels.Level == PressureLevel.Calm
                && (models.Snapshot().Count == 0 || (trigger is not null && now.Memory.Available > now.Memory.Limit / 2));
            TimeSpan pause = isQuiet ? s_quietLook : s_look;
            await (trigger?.WaitAsync(pause, stopping) ?? Task.Delay(pause, time, stopping))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>True where memory is not short, and so many bytes are left.</summary>
    public bool HasRoom(long bytes)
    {
        MemoryPressure now = gauge.Read();
        return _levels.Level == PressureLevel.Calm && now.Memory.Available + now.SwapFree >= bytes;
    }

    internal MemoryPressure Look()
    {
        MemoryPressure now = gauge.Read();
        PressureLevel before = _levels.Level, level = _levels.Next(now);
        if (level != before)
        {
            Change(before, level, now);
        }

        if (level != PressureLevel.Calm)
        {
            Relieve(level, isNew: level > before);
        }

        _use = new PressureUse
        {
            Level = NameOf(level), StalledPercent = now.Some, AvailableBytes = now.Memory.Available, LimitBytes = now.Memory.Limit,
            RequestsAtOnce = queue.Slots, Tight = _tight, Critical = _critical, Unloaded = _unloaded, Trimmed = _trimmed,
        };
        return now;
    }

    void Change(PressureLevel before, PressureLevel level, in MemoryPressure now)
    {
        int all = runtime.RequestThreads;
        (int slots, double part) = level switch
        {
            PressureLevel.Calm => (all, 1d),
            PressureLevel.Tight => (options.IsFirm ? 1 : (all + 1) / 2, 0.5),
            _ => (1, 0.25),
        };
        queue.Slots = slots;
        decoder.Restrict(part);
        _tight += level == PressureLevel.Tight && before < level ? 1 : 0;
        _critical += level == PressureLevel.Critical ? 1 : 0;
        double megapixels = decoder.PixelsInFlight * part / 1e6;
        (long left, long limit) = (now.Memory.Available / 1_000_000, now.Memory.Limit / 1_000_000);
        LogLevel severity = level == PressureLevel.Calm ? LogLevel.Information : LogLevel.Warning;
        string name = NameOf(level);
        log.MemoryBecame(severity, name, now.Some, left, limit, queue.Slots, megapixels);
        if (level == PressureLevel.Critical)
        {
            BecameCritical?.Invoke();
        }
    }

    void Relieve(PressureLevel level, bool isNew)
    {
        _looks = isNew ? 0 : _looks + 1;
        if (_looks % LooksToTrim == 0)
        {
            Trim();
        }

        bool isCritical = level == PressureLevel.Critical;
        TimeSpan idle = isCritical ? (options.IsFirm ? TimeSpan.Zero : s_hardlyUsed) : options.IsFirm ? s_hardlyUsed : s_unused;
        while (residency.UnloadLeast(idle, $"memory is {NameOf(level)}"))
        {
            _unloaded++;
            if (!isCritical && !options.IsFirm)
            {
                // The next look tells whether that has helped.
                break;
            }
        }
    }

    void Trim()
    {
        results.Clear();
        foreach (CachedModel model in models.Snapshot())
        {
            (model.Model as ClipTextualEncoder)?.ForgetTexts();
        }

        ProcessMemory before = ProcessMemory.Now();
        NativeHeap.Trim();
        _trimmed++;
        log.Trimmed(before.Anonymous / 1_000_000, ProcessMemory.Now().Anonymous / 1_000_000);
    }

    static string NameOf(PressureLevel level) => level switch
    {
        PressureLevel.Calm => PressureUse.CalmLevel,
        PressureLevel.Tight => PressureUse.TightLevel,
        _ => PressureUse.CriticalLevel,
    };
}
