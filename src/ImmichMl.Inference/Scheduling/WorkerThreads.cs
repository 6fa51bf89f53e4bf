namespace ImmichMl.Inference.Scheduling;

/// <summary>
/// A fixed number of threads of their own for work that blocks (native decoders, model runs), so that the thread pool stays free
/// to answer sockets. Threads start with the first work. One that hangs can be replaced.
/// </summary>
/// <param name="name">What the threads are called.</param>
/// <param name="count">How many there are.</param>
/// <param name="yields">Whether they let all others go first.</param>
/// <param name="replacements">How many may stand in for those that hang.</param>
/// <param name="start">Starts a thread; null is how the system does it.</param>
sealed class WorkerThreads(string name, int count, bool yields = false, int replacements = 0, Action<Thread>? start = null) : IDisposable
{
    readonly Lock _lock = new();
    readonly Queue<Action> _work = new();
    readonly SemaphoreSlim _ready = new(0);

    // A thread that yields would hand its niceness on to the pool threads that its answers may start.
    readonly WorkerThreads? _answering = yields ? new($"{name} answers", 1) : null;
    readonly SortedSet<long> _running = [];
    int _started;
    int _hanging;
    int _named;
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

    /// <summary>How often work that hung has ended after all.</summary>
    public long Recoveries { get; private set; }

    /// <summary>Runs <paramref name="work"/> on one of the threads. What it throws comes out of the task.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        // What waits goes on here: a wake-up of another thread costs more than all that follows an answer.
        var done = new TaskCompletionSource<T>();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_started < count + Math.Min(_hanging, replacements))
            {
                // Here, so that a thread starts it that does not yield.
                _ = _answering?.RunAsync(static () => true);
                StartThread(isNeeded: _started == _hanging);
            }

            _work.Enqueue(() => Complete(done, work));
        }

        _ready.Release();
        return done.Task;
    }

    /// <summary>Before its work is there: work that is there while no thread starts for it would wait for the next that comes.</summary>
    void StartThread(bool isNeeded)
    {
        var thread = new Thread(Loop) { IsBackground = true, Name = $"{name} {++_named}" };
        try
        {
            (start ?? (static thread => thread.Start()))(thread);
            _started++;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // Others are there and come to it later.
            if (isNeeded)
            {
                throw new InferenceException(InferenceFault.OutOfMemory, "No thread can be started for this request.", e);
            }
        }
    }

    /// <summary>The work on one thread hangs: another stands in, if one may. <see cref="Recovered"/> follows where it ends.</summary>
    /// <returns>False where all threads hang and none may be started any more.</returns>
    public bool Hangs()
    {
        lock (_lock)
        {
            _hanging++;
            if (!_disposed && _work.Count > 0 && _started < count + Math.Min(_hanging, replacements))
            {
                StartThread(isNeeded: false);
            }

            return _hanging < count + replacements;
        }
    }

    /// <summary>Work that hung has ended; its thread goes on, and one that is too many ends.</summary>
    public void Recovered()
    {
        lock (_lock)
        {
            _hanging--;
            Recoveries++;
            Debug.Assert(_hanging >= 0, "Only work that hung recovers.");
        }
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
            try
            {
                _ = _answering.RunAsync(answer);
            }
            catch (Exception e) when (e is InferenceException or ObjectDisposedException)
            {
                // Better from a thread that yields than never.
                answer();
            }
        }
    }

    /// <summary>
    /// What is run here tells whoever awaits it of all that it throws (<see cref="Complete"/>), so that nothing ends the thread.
    /// </summary>
    void Loop()
    {
        if (yields)
        {
            ThreadNiceness.Lower();
        }

        while (Take() is var (work, number))
        {
            work();
            if (Finish(number))
            {
                return;
            }
        }
    }

    /// <summary>The next piece of work and its number; null once there will be none.</summary>
    (Action Work, long Number)? Take()
    {
        _ready.Wait();
        lock (_lock)
        {
            if (!_work.TryDequeue(out Action? work))
            {
                return null;
            }

            _running.Add(++_lastStarted);
            Debug.Assert(_running.Count <= _started, "A thread runs one thing at a time.");
            return (work, _lastStarted);
        }
    }

    /// <returns>True for a thread that is one too many.</returns>
    bool Finish(long number)
    {
        lock (_lock)
        {
            _running.Remove(number);
            bool ends = _started > count + Math.Min(_hanging, replacements) && !_disposed;
            _started -= ends ? 1 : 0;
            return ends;
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

        // Answers that come later go out where their work was done.
        _answering?.Dispose();
    }
}
