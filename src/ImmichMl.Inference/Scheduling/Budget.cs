namespace ImmichMl.Inference.Scheduling;

/// <summary>
/// An amount that many share. Who asks for more than is free waits, first come first served, so a large wish is not
/// starved by small ones. With an overdraft, the one at the head may go past the total while nobody else does: without it, grants
/// that grow step by step could all wait for one another.
/// </summary>
public sealed class Budget(long total, bool overdraft = false)
{
    readonly Lock _lock = new();
    readonly LinkedList<Waiter> _waiters = new();
    long _free = total;
    long _withheld;
    long _lastAsked;
    bool _overdrawn;

    /// <summary>What one holder has of the budget. Disposing gives it back.</summary>
    public sealed class Grant : IDisposable
    {
        readonly Budget _budget;

        internal Grant(Budget budget) => _budget = budget;

        internal long Held { get; set; }

        internal bool Overdraws { get; set; }

        /// <summary>Raises the grant; waits where the budget does not allow it now.</summary>
        public Task GrowAsync(long amount, CancellationToken cancellation) => _budget.GrowAsync(this, amount, cancellation);

        public void Dispose() => _budget.Release(this);
    }

    sealed record Waiter(Grant Grant, long Amount, long Asked, TaskCompletionSource Granted);

    public long Total { get; } = total;

    /// <summary>True while somebody waits: whoever holds a grant and does nothing with it is in the way.</summary>
    public bool IsShort
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Count > 0;
            }
        }
    }

    /// <summary>What is handed out now, overdraft not counted.</summary>
    public long InUse
    {
        get
        {
            lock (_lock)
            {
                return Total - _free;
            }
        }
    }

    /// <summary>
    /// Of the total so much is handed out to nobody from now on, until another amount is; what is handed out stays. Who asks while nobody
    /// holds anything gets it all the same.
    /// </summary>
    public void Withhold(long amount)
    {
        lock (_lock)
        {
            _withheld = amount;
            GrantWaiting();
        }
    }

    /// <summary>A grant of nothing, to be grown.</summary>
    public Grant Open() => new(this);

    async Task GrowAsync(Grant grant, long amount, CancellationToken cancellation)
    {
        Waiter waiter;
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (grant.Overdraws)
            {
                return;
            }

            waiter = new Waiter(grant, amount, ++_lastAsked, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            node = _waiters.AddLast(waiter);
            GrantWaiting();
            if (waiter.Granted.Task.IsCompleted)
            {
                return;
            }
        }

        using CancellationTokenRegistration registration = cancellation.Register(() => Withdraw(node, cancellation));
        await waiter.Granted.Task;
    }

    void Withdraw(LinkedListNode<Waiter> node, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (node.List is null)
            {
                return;
            }

            _waiters.Remove(node);
            GrantWaiting();
        }

        node.Value.Granted.TrySetCanceled(cancellation);
    }

    void Release(Grant grant)
    {
        lock (_lock)
        {
            _free += grant.Held;
            grant.Held = 0;
            if (grant.Overdraws)
            {
                grant.Overdraws = false;
                _overdrawn = false;
            }

            GrantWaiting();
        }
    }

    void GrantWaiting()
    {
        while (_waiters.First is { } first && TryGrant(first.Value))
        {
            _waiters.RemoveFirst();
            first.Value.Granted.SetResult();
        }

        Debug.Assert(
            _free >= 0 && _free <= Total, "What is handed out is never negative and, but for the overdraft, never over the total.");
        Debug.Assert(overdraft || !_overdrawn, "Without an overdraft nobody is past the total.");
        Debug.Assert(_waiters.Zip(_waiters.Skip(1)).All(pair => pair.First.Asked < pair.Second.Asked), "Who came first stands first.");
    }

    bool TryGrant(Waiter waiter)
    {
        if (waiter.Amount <= _free && (waiter.Amount <= _free - _withheld || _free == Total))
        {
            _free -= waiter.Amount;
            waiter.Grant.Held += waiter.Amount;
            return true;
        }

        if (!overdraft || _overdrawn)
        {
            return false;
        }

        return _overdrawn = waiter.Grant.Overdraws = true;
    }
}
