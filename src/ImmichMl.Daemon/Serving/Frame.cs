namespace ImmichMl.Daemon.Serving;

/// <summary>One whole frame that has arrived, with the memory it lies in. Its holder disposes it.</summary>
sealed class Frame(NativeBytes bytes, ReadOnlyMemory<byte> payload, Budget.Grant grant) : IDisposable
{
    /// <summary>In one piece, however it came.</summary>
    public ReadOnlySequence<byte> Payload { get; } = new(payload);

    public void Dispose()
    {
        ((IDisposable)bytes).Dispose();
        grant.Dispose();
    }
}
