namespace ImmichMl.Daemon;

/// <summary>How short of memory the machine or a control group is.</summary>
enum PressureLevel
{
    Calm,

    /// <summary>Tasks stand still for want of memory, or little is left.</summary>
    Tight,

    /// <summary>The kernel may be about to end processes.</summary>
    Critical,
}

/// <summary>
/// What readings of memory mean: a level rises at once, and falls one step after 10 s in which it was clearly better, so that it does not
/// go up and down with what it brings about itself.
/// </summary>
sealed class PressureLevels(bool isFirm, TimeProvider time)
{
    static readonly TimeSpan s_better = TimeSpan.FromSeconds(10);

    // Percent of 10 s; some: at least one task stood still, full: all of them.
    readonly double _someTight = isFirm ? 5 : 10;
    readonly double _someCritical = isFirm ? 20 : 40;
    readonly double _fullCritical = isFirm ? 5 : 10;

    long? _hits;
    long? _betterSince;

    public PressureLevel Level { get; private set; }

    public PressureLevel Next(in MemoryPressure now)
    {
        bool isHit = now.Hits > (_hits ?? now.Hits);
        _hits = now.Hits;
        PressureLevel worst = Of(now, isHit, isEasing: false);
        if (worst >= Level)
        {
            (Level, _betterSince) = (worst, null);
        }
        else if (Of(now, isHit, isEasing: true) >= Level)
        {
            _betterSince = null;
        }
        else
        {
            _betterSince ??= time.GetTimestamp();
            if (time.GetElapsedTime(_betterSince.Value) >= s_better)
            {
                (Level, _betterSince) = (Level - 1, null);
            }
        }

        return Level;
    }

    /// <summary>Bytes that are to be left: a twelfth of what there may be, 96 to 512 MB, of little a fifth.</summary>
    long Room(long limit) => Math.Min(limit / 5, Math.Clamp(limit / 12, 96_000_000, 512_000_000)) * (isFirm ? 2 : 1);

    PressureLevel Of(in MemoryPressure now, bool isHit, bool isEasing)
    {
        long available = now.Memory.Available;
        double room = Room(now.Memory.Limit) * (isEasing ? 1.5 : 1);
        double ease = isEasing ? 2 : 1;

        // The machine's stalls count while it is short itself: those of another group that is at its limit are no reason to give way.
        bool isOurs = available < now.Memory.Limit / 2;
        (double some, double full) = isOurs ? (now.Some, now.Full) : (now.GroupSome, 0);
        return some >= _someCritical / ease || full >= _fullCritical / ease || available < room / 2 ? PressureLevel.Critical
            : some >= _someTight / ease || available < room || (isHit && available < room * 2) ? PressureLevel.Tight
            : PressureLevel.Calm;
    }
}
