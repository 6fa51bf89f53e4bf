namespace ImmichMl.Inference.Scheduling;

/// <summary>Which peers have requests in the queue, how many, and when each last had a turn. Under the queue's lock.</summary>
sealed class PeerTurns
{
    readonly Dictionary<long, (int Places, long LastTurn)> _peers = [];
    long _turn;

    /// <summary>True while there is nobody to take turns with.</summary>
    public bool IsOne => _peers.Count <= 1;

    /// <summary>A peer that comes anew has had its last turn now: it goes behind those who wait, once.</summary>
    public void Enter(long peer)
    {
        (int places, long lastTurn) = _peers.GetValueOrDefault(peer, (0, _turn));
        _peers[peer] = (places + 1, lastTurn);
    }

    public void Leave(long peer)
    {
        (int places, long lastTurn) = _peers[peer];
        if (places == 1)
        {
            _peers.Remove(peer);
        }
        else
        {
            _peers[peer] = (places - 1, lastTurn);
        }
    }

    public void TakeTurn(long peer) => _peers[peer] = (_peers[peer].Places, ++_turn);

    public long LastTurn(long peer) => _peers[peer].LastTurn;

    /// <summary>The peer with the most requests, if it has at least two more than <paramref name="peer"/>.</summary>
    public long? GreedierThan(long peer)
    {
        KeyValuePair<long, (int Places, long LastTurn)> most = _peers.MaxBy(entry => entry.Value.Places);
        return most.Value.Places > _peers.GetValueOrDefault(peer).Places + 1 ? most.Key : null;
    }
}
