using System.Collections.Concurrent;

namespace ImmichMl.Bench;

/// <summary>
/// Sends requests until it is told to stop, and waits for those that are open then. In a closed loop so many users ask, wait for the
/// answer, and ask again at once. In an open loop so many requests a second are sent, whatever comes back. There each counts from the
/// moment it was meant to start: when a server stands still, those that should have come meanwhile are overdue, and their wait is in
/// the figures (no coordinated omission).
/// </summary>
sealed class Driver(BenchConnections server, Workload workload, Recorder recorder, Load load, TimeProvider time) : IDisposable
{
    /// <summary>Counted for a request that was never sent because too many others were overdue.</summary>
    const string NotSent = "not_sent";

    // Past this the server is hopelessly behind, and this program's memory is to stay small.
    const int MaxOverdue = 50_000;

    static readonly TimeSpan s_pauseAfterNoConnection = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(2);

    // The connection that was used last is the first to be used again, so that no more are made than are needed.
    readonly ConcurrentStack<int> _slots = new(Enumerable.Range(0, load.Slots).Reverse());
    readonly SemaphoreSlim _free = new(load.Slots);
    long _asked;
    int _inFlight;
    Exception? _fault;

    /// <summary>Requests that are open, or overdue for want of a connection.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <param name="begun">Timestamp of the load's beginning.</param>
    /// <param name="stop">Sends no more.</param>
    /// <param name="abandon">Leaves what is open.</param>
    /// <exception cref="Exception">A fault of this program, at which all the others stopped too.</exception>
    public async Task RunAsync(long begun, CancellationToken stop, CancellationToken abandon)
    {
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);

        // An open loop has a thread of its own, so that a busy thread pool does not make requests late.
        await (load.IsOpen
            ? Task.Factory.StartNew(
                () => Clock(begun, halt, abandon), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : Task.WhenAll(Enumerable.Range(0, load.Users)
                .Select(user => GuardAsync(UserAsync(user, halt.Token, abandon), halt, abandon))));
        while (InFlight > 0)
        {
            await Task.Delay(s_look, time, CancellationToken.None);
        }

        if (_fault is { } fault)
        {
            throw new InvalidOperationException($"The load ended early: {fault.Message}", fault);
        }
    }

    async Task UserAsync(int user, CancellationToken stop, CancellationToken abandon)
    {
        await Task.Delay(load.Ramp * user / load.Users, time, stop);
        while (!stop.IsCancellationRequested && !recorder.Filled.IsCompleted)
        {
            Interlocked.Increment(ref _inFlight);
            bool reached;
            try
            {
                reached = await AskAsync(user, Interlocked.Increment(ref _asked) - 1, null, abandon);
            }
            finally
            {
                Interlocked.Decrement(ref _inFlight);
            }

            if (!reached)
            {
                await Task.Delay(s_pauseAfterNoConnection, time, stop);
            }
        }
    }

    void Clock(long begun, CancellationTokenSource halt, CancellationToken abandon)
    {
        var schedule = new ArrivalSchedule(load.Rate!.Value, load.Ramp, load.Poisson);
        long counted = 0;
        for (long number = 0; ; number++)
        {
            long intended = begun + (long)(schedule.Next().TotalSeconds * time.TimestampFrequency);
            PreciseDelay.Until(intended, time, halt.Token);
            if (halt.IsCancellationRequested || (intended >= recorder.From && counted++ >= (load.Count ?? long.MaxValue)))
            {
                return;
            }

            if (InFlight >= MaxOverdue)
            {
                recorder.Failed(workload[number], intended, NotSent);
                continue;
            }

            Interlocked.Increment(ref _inFlight);
            long mine = number;
            _ = Task.Run(
                async () =>
                {
                    await GuardAsync(SendAsync(mine, intended, abandon), halt, abandon);
                    Interlocked.Decrement(ref _inFlight);
                },
                CancellationToken.None);
        }
    }

    async Task SendAsync(long number, long intended, CancellationToken abandon)
    {
        await _free.WaitAsync(abandon);
        _slots.TryPop(out int slot);
        try
        {
            await AskAsync(slot, number, intended, abandon);
        }
        finally
        {
            _slots.Push(slot);
            _free.Release();
        }
    }

    /// <summary>What no request may throw ends the whole load and is told by <see cref="RunAsync"/>.</summary>
    async Task GuardAsync(Task work, CancellationTokenSource halt, CancellationToken abandon)
    {
        try
        {
            await work;
        }
        catch (OperationCanceledException) when (halt.IsCancellationRequested || abandon.IsCancellationRequested)
        {
            // It is over.
        }
        catch (Exception fault)
        {
            _fault ??= fault;
            await halt.CancelAsync();
        }
    }

    public void Dispose() => _free.Dispose();

    /// <summary>One request; its failure is counted, not thrown.</summary>
    /// <returns>False where nobody could be reached: who asks again at once would only spin.</returns>
    async Task<bool> AskAsync(int slot, long number, long? intended, CancellationToken abandon)
    {
        Call call = workload[number];
        long started = time.GetTimestamp();
        long meant = intended ?? started;
        try
        {
            recorder.Answered(call, meant, started, await server.AskAsync(slot, call, abandon));
            return true;
        }
        catch (Exception e) when (FaultCode.Of(e) is { } code)
        {
            recorder.Failed(call, meant, code);
            return code != FaultCode.NoConnection;
        }
    }
}
