namespace ImmichMl.Tests.Inference;

/// <summary>Counts how often it is disposed, and says when it first was.</summary>
sealed class CountedDisposal : IDisposable
{
    readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _count;

    public int Count => Volatile.Read(ref _count);

    public Task Disposed => _disposed.Task;

    public void Dispose()
    {
        Interlocked.Increment(ref _count);
        _disposed.TrySetResult();
    }
}
