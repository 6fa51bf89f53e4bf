using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon.Serving;

/// <summary>
/// The requests of one connection. An id is open until its answer is on the way (the peer may use it again as soon as it has the
/// answer); a request counts against the limit until its answer has found room in the reply channel.
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
    /// <param name="lasts">False for what is answered at once: it takes no place from others, nor do they from it.</param>
    /// <param name="cancellation">Of this request.</param>
    public Entry TryOpen(ulong id, bool lasts, out CancellationToken cancellation)
    {
        lock (_lock)
        {
            cancellation = default;
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

        Cancelling.Cancel(source, log);
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
        }
    }

    /// <summary>Frees the request's place.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            _count--;
            if (_closed && _count == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Cancels all; none may be opened after this.</summary>
    public void CancelAll()
    {
        List<CancellationTokenSource> sources;
        lock (_lock)
        {
            sources = [.. _open.Values];
        }

        sources.ForEach(source => Cancelling.Cancel(source, log));
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
