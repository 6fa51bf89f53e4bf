namespace ImmichMl.Daemon;

/// <summary>
/// What requests may hold while they wait for downloads, all together: a download takes minutes, and the memory for frames is shared with
/// requests for models that are here.
/// </summary>
/// <param name="bytes">Of their frames.</param>
/// <param name="count">Of requests.</param>
sealed class DownloadWaiting(long bytes, int count)
{
    readonly Lock _lock = new();
    long _bytes;
    int _count;

    /// <summary>Disposed when the waiting is over; null where it would be too much.</summary>
    public IDisposable? TryEnter(long held)
    {
        lock (_lock)
        {
            if (_count >= count || _bytes + held > bytes)
            {
                return null;
            }

            _count++;
            _bytes += held;
            return new Waiting(this, held);
        }
    }

    sealed class Waiting(DownloadWaiting all, long held) : IDisposable
    {
        public void Dispose()
        {
            lock (all._lock)
            {
                all._count--;
                all._bytes -= held;
            }
        }
    }
}
