namespace ImmichMl.Tests.Inference;

/// <summary>Bytes that let nobody read them before the gate is opened: a decoder that takes as long as a test wants.</summary>
sealed class GatedBytes(byte[] bytes) : MemoryManager<byte>
{
    readonly ManualResetEventSlim _gate = new();
    readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Somebody stands at the gate.</summary>
    public Task Reached => _reached.Task;

    public void Open() => _gate.Set();

    public override Memory<byte> Memory => CreateMemory(bytes.Length);

    public override Span<byte> GetSpan()
    {
        _reached.TrySetResult();
        return _gate.Wait(Patience.Limit) ? bytes : throw new TimeoutException("The gate was never opened.");
    }

    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin() => throw new NotSupportedException();

    protected override void Dispose(bool disposing) => _gate.Dispose();
}
