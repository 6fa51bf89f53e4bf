namespace ImmichMl.Bench;

/// <summary>
/// So many requests a second, whatever comes back. Each counts from the moment it was meant to start: when a server stands still, those
/// that should have come meanwhile are overdue, and their wait is in the figures (no coordinated omission).
/// </summary>
sealed class OpenLoop(BenchTarget target, Workload workload, Recorder recorder, Load load, TimeProvider time)
    : Driver(target, workload, recorder, time)
{
    /// <summary>Counted for a request that was never sent because too many others were overdue.</summary>
    const string NotSent = "not_sent";

    // Past this the server is hopelessly behind, and this program's memory is to stay small.
    const int MaxOverdue = 50_000;

    readonly ArrivalSchedule _schedule = new(load.Rate!.Value, load.Ramp, load.Poisson);
    readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile bool _sent;

    public override async Task RunAsync(long begun, CancellationToken stop, CancellationToken abandon)
    {
        await using var peers = new PeerPool(Target, load.Connections);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clock = new Thread(() =>
        {
            Send(peers, begun, stop, abandon);
            ended.SetResult();
        })
        {
            IsBackground = true, Name = "bench clock",
        };
        clock.Start();
        await ended.Task;
        _sent = true;
        if (InFlight > 0)
        {
            await _answered.Task;
        }
    }

    /// <summary>On a thread of its own, so that a busy thread pool does not make requests late.</summary>
    void Send(PeerPool peers, long begun, CancellationToken stop, CancellationToken abandon)
    {
        long counted = 0;
        for (long number = 0; !stop.IsCancellationRequested; number++)
        {
            TimeSpan start = _schedule.Next();
            long intended = begun + (long)(start.TotalSeconds * Time.TimestampFrequency);
            PreciseDelay.Until(intended, Time, stop);
            if (stop.IsCancellationRequested || (intended >= Recorder.From && counted++ >= (load.Count ?? long.MaxValue)))
            {
                return;
            }

            if (InFlight >= MaxOverdue)
            {
                Drop(number, intended, NotSent);
                continue;
            }

            Begins();
            long mine = number;
            _ = Task.Run(() => SendAsync(peers, mine, intended, abandon), CancellationToken.None);
        }
    }

    async Task SendAsync(PeerPool peers, long number, long intended, CancellationToken abandon)
    {
        try
        {
            BenchPeer peer = await peers.TakeAsync(abandon);
            try
            {
                await AskAsync(peer, number, intended, abandon);
            }
            finally
            {
                peers.Return(peer);
            }
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested)
        {
            // It is over.
        }
        finally
        {
            Ends();
            if (_sent && InFlight == 0)
            {
                _answered.TrySetResult();
            }
        }
    }
}
