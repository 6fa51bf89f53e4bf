namespace ImmichMl.Inference;

/// <summary>
/// A fixed number of threads of their own for work that blocks (native decoders, model runs), so that the thread pool stays free
/// to answer sockets. Threads start with the first work.
/// </summary>
sealed class WorkerThreads(string name, int count, bool yields = false) : IDisposable
{
    readonly Lock _lock = new();
    readonly Queue<Action> _work = new();
    readonly SemaphoreSlim _ready = new(0);

    // A thread that yields would hand its niceness on to the pool threads that its answers may start.
    readonly WorkerThreads? _answering = yields ? new($"{name} answers", 1) : null;
    readonly SortedSet<long> _running = [];
    int _started;
    long _lastStarted;
    bool _disposed;

    /// <summary>The work that has been running for longest, by a number that is its own; 0 when none runs.</summary>
    public long OldestRunning
    {
        get
        {
            lock (_lock)
            {
                return _running.Min;
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> on one of the threads. What it throws comes out of the task.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        // What waits goes on here: a wake-up of another thread costs more than all that follows an answer.
        var done = new TaskCompletionSource<T>();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _work.Enqueue(() => Complete(done, work));
            if (_started < count)
            {
                // Here, so that a thread starts it that does not yield.
                _ = _answering?.RunAsync(static () => true);
                _started++;
                new Thread(Loop) { IsBackground = true, Name = $"{name} {_started}" }.Start();
            }
        }

        _ready.Release();
        return done.Task;
    }

    void Complete<T>(TaskCompletionSource<T> done, Func<T> work)
    {
        Func<bool> answer;
        try
        {
            T result = work();
            answer = () => done.TrySetResult(result);
        }
        catch (OperationCanceledException e)
        {
            answer = () => done.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            answer = () => done.TrySetException(e);
        }

        if (_answering is null)
        {
            answer();
        }
        else
        {
            _ = _answering.RunAsync(answer);
        }
    }

    void Loop()
    {
        if (yields)
        {
            ThreadNiceness.Lower();
        }

        while (true)
        {
            _ready.Wait();
            Action? work;
            long number;
            lock (_lock)
            {
                if (!_work.TryDequeue(out work))
                {
                    return;
                }

                number = ++_lastStarted;
                _running.Add(number);
            }

            work();
            lock (_lock)
            {
                _running.Remove(number);
            }
        }
    }

    /// <summary>Lets the threads end once the work that is already there is done.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _ready.Release(Math.Max(1, _started));
        }
    }
}
