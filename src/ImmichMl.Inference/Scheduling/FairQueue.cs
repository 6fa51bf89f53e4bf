namespace ImmichMl.Inference.Scheduling;

/// <summary>Which peers have requests in the queue, how many, and when each last got a slot. Under the queue's lock.</summary>
sealed class FairQueue
{
    readonly Dictionary<long, (int Admitted, long LastSlot)> _peers = [];
    long _slot;

    /// <summary>Requests of all peers.</summary>
    public int Admitted => _peers.Values.Sum(peer => peer.Admitted);

    /// <summary>True while there is nobody to share the slots with.</summary>
    public bool IsOne => _peers.Count <= 1;

    /// <summary>A peer that comes anew counts as having had a slot just now: it goes behind those who wait, once.</summary>
    public void Enter(long peer)
    {
        (int admitted, long lastSlot) = _peers.GetValueOrDefault(peer, (0, _slot));
        _peers[peer] = (admitted + 1, lastSlot);
    }

    public void Leave(long peer)
    {
        (int admitted, long lastSlot) = _peers[peer];
        if (admitted == 1)
        {
            _peers.Remove(peer);
        }
        else
        {
            _peers[peer] = (admitted - 1, lastSlot);
        }
    }

    public void TakeSlot(long peer) => _peers[peer] = (_peers[peer].Admitted, ++_slot);

    public long LastSlot(long peer) => _peers[peer].LastSlot;

    /// <summary>The peer with the most requests, if it has at least two more than <paramref name="peer"/>.</summary>
    public long? GreedierThan(long peer)
    {
        KeyValuePair<long, (int Admitted, long LastSlot)> most = _peers.MaxBy(entry => entry.Value.Admitted);
        return most.Value.Admitted > _peers.GetValueOrDefault(peer).Admitted + 1 ? most.Key : null;
    }
}
