namespace ImmichMl.Gateway;

/// <summary>Bytes of bodies that all callers together may have in memory. What does not fit is refused at once: a caller tries again.</summary>
sealed class UploadBudget(long limit)
{
    long _taken;

    public long Taken => Interlocked.Read(ref _taken);

    /// <exception cref="HttpFault">It would pass the limit.</exception>
    public void Take(int bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) > limit)
        {
            Interlocked.Add(ref _taken, -bytes);
            throw HttpFault.Busy("Too many bytes are being uploaded at the same time.");
        }
    }

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
