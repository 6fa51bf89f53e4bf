namespace ImmichMl.Daemon.Serving;

/// <summary>
/// The requests of one connection. An id is open until its answer is on the way (the peer may use it again as soon as it has the
/// answer); a request counts against the limit until its answer is in the reply channel.
/// </summary>
sealed class OpenRequests(int limit, ILogger log)
{
    readonly Lock _lock = new();
    readonly Dictionary<ulong, CancellationTokenSource> _open = [];
    readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;
    bool _closed;

    public enum Entry
    {
        Open,
        Repeated,
        Full,
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <param name="id">The request's id.</param>
    /// <param name="lasts">False for what is answered at once: it neither counts against the limit nor is refused for it.</param>
    /// <param name="cancellation">Of this request.</param>
    public Entry TryOpen(ulong id, bool lasts, out CancellationToken cancellation)
    {
        lock (_lock)
        {
            cancellation = default;
            Debug.Assert(!_closed, "A request was opened behind the last one.");
            if (_open.ContainsKey(id))
            {
                return Entry.Repeated;
            }

            if (lasts && _count >= limit)
            {
                return Entry.Full;
            }

            var source = new CancellationTokenSource();
            _open.Add(id, source);
            _count++;
            CheckCounts();
            cancellation = source.Token;
            return Entry.Open;
        }
    }

    /// <summary>False when no such request is open.</summary>
    public bool TryCancel(ulong id)
    {
        CancellationTokenSource? source;
        lock (_lock)
        {
            if (!_open.TryGetValue(id, out source))
            {
                return false;
            }
        }

        source.CancelSafely(log.CancelFailed);
        return true;
    }

    /// <summary>Frees the id.</summary>
    public void Close(ulong id)
    {
        lock (_lock)
        {
            if (_open.Remove(id, out CancellationTokenSource? source))
            {
                source.Dispose();
            }

            CheckCounts();
        }
    }

    /// <summary>The request counts no more. Called once for each that was opened, after <see cref="Close"/>.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            _count--;
            CheckCounts();
            if (_closed && _count == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Every open id belongs to a request that counts.</summary>
    [Conditional("DEBUG")]
    void CheckCounts() => Debug.Assert(_count >= _open.Count, $"{_open.Count} ids are open and {_count} requests.");

    /// <summary>Cancels all that are open now.</summary>
    public void CancelAll()
    {
        List<CancellationTokenSource> sources;
        lock (_lock)
        {
            sources = [.. _open.Values];
        }

        sources.ForEach(source => source.CancelSafely(log.CancelFailed));
    }

    /// <summary>Waits until every request is answered; none may be opened after this.</summary>
    public Task WhenNoneAsync()
    {
        lock (_lock)
        {
            _closed = true;
            if (_count == 0)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }
}
