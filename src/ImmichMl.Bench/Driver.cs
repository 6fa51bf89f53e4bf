namespace ImmichMl.Bench;

/// <summary>Sends requests until it is told to stop, and waits for those that are open then. One for each loop, open and closed.</summary>
abstract class Driver(BenchTarget target, Workload workload, Recorder recorder, TimeProvider time)
{
    int _inFlight;

    protected BenchTarget Target => target;

    protected Recorder Recorder => recorder;

    protected TimeProvider Time => time;

    /// <summary>Requests that are open, or overdue for want of a connection.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <param name="begun">Timestamp of the load's beginning.</param>
    /// <param name="stop">Sends no more.</param>
    /// <param name="abandon">Leaves what is open.</param>
    public abstract Task RunAsync(long begun, CancellationToken stop, CancellationToken abandon);

    protected void Begins() => Interlocked.Increment(ref _inFlight);

    protected void Ends() => Interlocked.Decrement(ref _inFlight);

    /// <summary>One request; its failure is counted, not thrown.</summary>
    /// <returns>False where nobody could be reached: who asks again at once would only spin.</returns>
    protected async Task<bool> AskAsync(BenchPeer peer, long number, long? intended, CancellationToken abandon)
    {
        Call call = workload[number];
        long started = time.GetTimestamp();
        long meant = intended ?? started;
        try
        {
            recorder.Answered(call, meant, started, await peer.AskAsync(call, abandon));
            return true;
        }
        catch (Exception e) when (FaultCode.Of(e) is { } code)
        {
            recorder.Failed(call, meant, code);
            return code != FaultCode.NoConnection;
        }
    }

    protected void Drop(long number, long intended, string code) => recorder.Failed(workload[number], intended, code);
}
