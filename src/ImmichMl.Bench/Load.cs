namespace ImmichMl.Bench;

/// <summary>How hard and how long: users who each wait for their answer (closed loop), or so many requests a second (open loop).</summary>
public sealed record Load
{
    /// <summary>Closed loop; counts where <see cref="Rate"/> is null.</summary>
    public int Users { get; init; } = 8;

    /// <summary>Open loop: requests a second.</summary>
    public double? Rate { get; init; }

    /// <summary>Open loop: at random moments, as many independent people would ask, rather than evenly.</summary>
    public bool Poisson { get; init; }

    /// <summary>Open loop: connections at most; a request that finds none free waits, and that wait is counted.</summary>
    public int Connections { get; init; } = 256;

    /// <summary>Over which users or rate grow to their full number.</summary>
    public TimeSpan Ramp { get; init; }

    /// <summary>After the ramp; not counted.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What is counted.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Ends after so many counted requests rather than after <see cref="Duration"/>.</summary>
    public long? Count { get; init; }

    public bool IsOpen => Rate is not null;

    internal int Slots => IsOpen ? Connections : Users;

    public override string ToString() => Rate is { } rate
        ? $"{rate:0.###} requests/s{(Poisson ? " at random" : "")}, open loop"
        : Users == 1 ? "1 user, closed loop" : $"{Users} users, closed loop";
}
