namespace ImmichMl.Bench;

/// <summary>Connections of an open loop, made as they are needed and used again.</summary>
sealed class PeerPool(BenchTarget target, int most) : IAsyncDisposable
{
    readonly Stack<BenchPeer> _idle = new();
    readonly Lock _lock = new();
    readonly SemaphoreSlim _free = new(most);

    public async Task<BenchPeer> TakeAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        lock (_lock)
        {
            return _idle.TryPop(out BenchPeer? kept) ? kept : target.Open();
        }
    }

    public void Return(BenchPeer peer)
    {
        lock (_lock)
        {
            _idle.Push(peer);
        }

        _free.Release();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (BenchPeer peer in _idle)
        {
            await peer.DisposeAsync();
        }

        _free.Dispose();
    }
}
