namespace ImmichMl.Inference;

/// <summary>
/// A fixed number of threads of their own for work that blocks (native decoders, model runs), so that the thread pool stays free
/// to answer sockets. Threads start with the first work.
/// </summary>
sealed class WorkerThreads(string name, int count) : IDisposable
{
    readonly Lock _lock = new();
    readonly Queue<Action> _work = new();
    readonly SemaphoreSlim _ready = new(0);
    int _started;
    bool _disposed;

    /// <summary>Runs <paramref name="work"/> on one of the threads. What it throws comes out of the task.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _work.Enqueue(() => Complete(done, work));
            if (_started < count)
            {
                _started++;
                new Thread(Loop) { IsBackground = true, Name = $"{name} {_started}" }.Start();
            }
        }

        _ready.Release();
        return done.Task;
    }

    static void Complete<T>(TaskCompletionSource<T> done, Func<T> work)
    {
        try
        {
            done.SetResult(work());
        }
        catch (OperationCanceledException e)
        {
            done.SetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            done.SetException(e);
        }
    }

    void Loop()
    {
        while (true)
        {
            _ready.Wait();
            Action? work;
            lock (_lock)
            {
                if (!_work.TryDequeue(out work))
                {
                    return;
                }
            }

            work();
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
