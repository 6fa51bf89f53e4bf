namespace ImmichMl.Bench;

/// <summary>
/// When each request of an open loop is meant to start. A rate that ramps from 0 to R over T seconds has sent R·t²/2T requests by time t,
/// and R·(t − T/2) after it: turned round, that is the start of each one. At random, the same curve is run through by a Poisson process.
/// </summary>
sealed class ArrivalSchedule(double rate, TimeSpan ramp, bool poisson)
{
    readonly double _ramp = ramp.TotalSeconds;

    // The same moments in every run, so that two targets are asked alike.
    ulong _state = 0x9E3779B97F4A7C15;
    double _sent;

    /// <summary>From the load's beginning to the start of the next request.</summary>
    public TimeSpan Next()
    {
        double seconds = SecondsOf(_sent, rate, _ramp);
        _sent += poisson ? Exponential() : 1;
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>When so many requests have been sent.</summary>
    public static double SecondsOf(double sent, double rate, double ramp) =>
        sent < rate * ramp / 2 ? Math.Sqrt(2 * ramp * sent / rate) : (sent / rate) + (ramp / 2);

    /// <summary>Mean 1, by a SplitMix64 generator.</summary>
    double Exponential()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        double uniform = ((mixed ^ (mixed >> 31)) >> 11) * (1.0 / (1L << 53));
        return -Math.Log(1 - uniform);
    }
}
