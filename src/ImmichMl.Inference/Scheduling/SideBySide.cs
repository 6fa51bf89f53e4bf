using System.Runtime.ExceptionServices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Scheduling;

/// <summary>
/// Work on pixels in parts: the thread that asks takes one after the other, and where its request has the cores to itself
/// (<see cref="RunKind.Threads"/>) threads of the pool help. One that comes when all parts are taken finds nothing to do, so nobody ever
/// waits for a thread that has not begun.
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
    ExceptionDispatchInfo? _fault;
    int _taken;
    int _helping;
    bool _isOver;

    SideBySide(int count, Action<int> part)
    {
        _count = count;
        _part = part;
    }

    /// <summary>
    /// Calls <paramref name="part"/> once for every number below <paramref name="count"/>, in any order, and returns when all are done.
    /// </summary>
    public static void Run(int count, Action<int> part)
    {
        int helpers = Math.Min(count, RunKind.Threads) - 1;
        if (helpers <= 0)
        {
            for (int i = 0; i < count; i++)
            {
                part(i);
            }

            return;
        }

        var work = new SideBySide(count, part);
        for (int i = 0; i < helpers; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
        }

        work.TakeParts();
        work.WaitForHelpers();
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

        TakeParts();
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
