namespace ImmichMl.Gateway;

/// <summary>Bytes of bodies that all callers together may have in memory. What does not fit is refused at once: a caller tries again.</summary>
sealed class UploadBudget(long limit)
{
    long _taken;
    long _takenSinceTrim;

    /// <summary>Bytes that have passed through since the heap was last given back.</summary>
    public long TakenSinceTrim => Interlocked.Read(ref _takenSinceTrim);

    public long Taken => Interlocked.Read(ref _taken);

    /// <exception cref="HttpFault">It would pass the limit.</exception>
    public void Take(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) > limit)
        {
            Interlocked.Add(ref _taken, -bytes);
            throw HttpFault.Busy("Too many bytes are being uploaded at the same time.");
        }

        Interlocked.Add(ref _takenSinceTrim, bytes);
    }

    public void ForgetTaken() => Interlocked.Exchange(ref _takenSinceTrim, 0);

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
