namespace ImmichMl.Tests.Support;

/// <summary>Numbers that look random and are the same in every run (Knuth's MMIX constants).</summary>
sealed class Lcg(ulong seed)
{
    ulong _state = seed;

    /// <summary>From 0 up to, not including, <paramref name="end"/>.</summary>
    public int Next(int end)
    {
        _state = unchecked((_state * 6364136223846793005) + 1442695040888963407);
        return (int)((_state >> 33) % (ulong)end);
    }
}
