using System.Collections.Concurrent;

namespace ImmichMl.Daemon.Bench;

/// <summary>Connections of an open loop, made as they are needed and used again.</summary>
sealed class PeerPool(BenchTarget target, int most) : IAsyncDisposable
{
    readonly ConcurrentBag<BenchPeer> _idle = [];
    readonly SemaphoreSlim _free = new(most);

    public async Task<BenchPeer> TakeAsync(CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        return _idle.TryTake(out BenchPeer? kept) ? kept : target.Open();
    }

    public void Return(BenchPeer peer)
    {
        _idle.Add(peer);
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
