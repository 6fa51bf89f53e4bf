using System.Runtime.ExceptionServices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Scheduling;

/// <summary>
/// Work on pixels in parts: the thread that asks takes one after the other, and where its request has the cores to itself
/// (<see cref="RunKind.Threads"/>) threads of the pool help. One that comes when all parts are taken finds nothing to do, so nobody ever
/// waits for a thread that has not begun. Model runs go side by side in the same way.
/// </summary>
sealed class SideBySide : IThreadPoolWorkItem
{
    /// <summary>More bands than threads, so that one that starts late takes fewer.</summary>
    const int BandsPerThread = 2;
    const int LeastRows = 16;

    // An object, because a Lock cannot be waited on.
    readonly object _lock = new();
    readonly Action<int> _part;
    readonly int _count;
    readonly bool _runsModels;
    ExceptionDispatchInfo? _fault;
    int _taken;
    int _helping;
    bool _isOver;

    SideBySide(int count, Action<int> part, bool runsModels = false)
    {
        _count = count;
        _part = part;
        _runsModels = runsModels;
    }

    /// <summary>
    /// Calls <paramref name="part"/> once for every number below <paramref name="count"/>, in any order, and returns when all are done.
    /// </summary>
    public static void Run(int count, Action<int> part)
    {
        int helpers = Math.Min(count, RunKind.Threads) - 1;
        if (helpers > 0)
        {
            new SideBySide(count, part).Share(helpers);
            return;
        }

        for (int i = 0; i < count; i++)
        {
            part(i);
        }
    }

    /// <summary>
    /// As <see cref="Run"/>, for runs of a model: as many at a time as there are threads, each on one of them, which leaves none waiting
    /// for another within a run. What is over at the end has all threads for each.
    /// </summary>
    /// <remarks>No more than there are cores: a run lasts longer than the pool's threads may be kept from what comes in.</remarks>
    public static void RunModels(int count, Action<int> run)
    {
        int threads = Math.Min(RunKind.Threads, Environment.ProcessorCount);
        int shared = threads > 1 ? count - (count % threads) : 0;
        if (shared > 0)
        {
            int threadsAlone = RunKind.Threads;
            RunKind.Set(isOneOfMany: true, threads: 1);
            try
            {
                new SideBySide(shared, run, runsModels: true).Share(threads - 1);
            }
            finally
            {
                RunKind.Set(isOneOfMany: false, threadsAlone);
            }
        }

        for (int i = shared; i < count; i++)
        {
            run(i);
        }
    }

    void Share(int helpers)
    {
        for (int i = 0; i < helpers; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        TakeParts();
        WaitForHelpers();
    }

    /// <summary>The rows of a picture in bands.</summary>
    public static void RunRows(int rows, Action<RowBand> band)
    {
        int bands = RunKind.Threads > 1 ? Math.Clamp(rows / LeastRows, 1, BandsPerThread * RunKind.Threads) : 1;
        Run(bands, i =>
        {
            int first = (int)((long)rows * i / bands), end = (int)((long)rows * (i + 1) / bands);
            band(new RowBand(first, end - first));
        });
    }

    void IThreadPoolWorkItem.Execute()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _helping++;
        }

        RunKind.Set(isOneOfMany: _runsModels, threads: 0);
        TakeParts();
        RunKind.Set(isOneOfMany: false, threads: 0);
        lock (_lock)
        {
            _helping--;
            Monitor.Pulse(_lock);
        }
    }

    void TakeParts()
    {
        try
        {
            for (int next; (next = Interlocked.Increment(ref _taken) - 1) < _count;)
            {
                _part(next);
            }
        }
        catch (Exception e)
        {
            // The first counts, and what nobody has begun is left.
            Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(e), null);
            Interlocked.Exchange(ref _taken, _count);
        }
    }

    void WaitForHelpers()
    {
        lock (_lock)
        {
            _isOver = true;
            while (_helping > 0)
            {
                Monitor.Wait(_lock);
            }
        }

        _fault?.Throw();
    }
}
