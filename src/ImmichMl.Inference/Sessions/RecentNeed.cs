namespace ImmichMl.Inference.Sessions;

/// <summary>
/// What of an arena's free memory goes back after a run. What runs have just needed the next ones need again, and to fetch it anew
/// costs page faults; so it stays, within a limit, and from time to time all goes back once: it grows again to what is needed then.
/// </summary>
/// <param name="least">Bytes that are not worth giving back.</param>
/// <param name="span">How long what one run has needed stays for others.</param>
/// <param name="time">A clock.</param>
sealed class RecentNeed(long least, TimeSpan span, TimeProvider time)
{
    long? _since;

    /// <param name="free">Bytes that lie free after a run.</param>
    /// <param name="most">Bytes that may.</param>
    public bool IsPast(long free, long most)
    {
        if (free > most)
        {
            return true;
        }

        if (free < least)
        {
            return false;
        }

        _since ??= time.GetTimestamp();
        return time.GetElapsedTime(_since.Value) >= span;
    }

    /// <summary>All has gone back.</summary>
    public void Restart() => _since = null;
}
