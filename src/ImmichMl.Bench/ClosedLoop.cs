namespace ImmichMl.Bench;

/// <summary>So many users, each with a connection of its own: ask, wait for the answer, ask again at once.</summary>
sealed class ClosedLoop(BenchTarget target, Workload workload, Recorder recorder, Load load, TimeProvider time)
    : Driver(target, workload, recorder, time)
{
    static readonly TimeSpan s_pauseAfterNoConnection = TimeSpan.FromMilliseconds(100);

    long _asked;

    public override Task RunAsync(long begun, CancellationToken stop, CancellationToken abandon) =>
        Task.WhenAll(Enumerable.Range(0, load.Users).Select(user => UserAsync(load.Ramp * user / load.Users, stop, abandon)));

    async Task UserAsync(TimeSpan wait, CancellationToken stop, CancellationToken abandon)
    {
        try
        {
            await Task.Delay(wait, Time, stop);
            await using BenchPeer peer = Target.Open();
            while (!stop.IsCancellationRequested && !Recorder.IsFilled)
            {
                Begins();
                bool reached = await AskAsync(peer, Interlocked.Increment(ref _asked) - 1, null, abandon);
                Ends();
                if (!reached)
                {
                    await Task.Delay(s_pauseAfterNoConnection, Time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || abandon.IsCancellationRequested)
        {
            // It is over.
        }
    }
}
