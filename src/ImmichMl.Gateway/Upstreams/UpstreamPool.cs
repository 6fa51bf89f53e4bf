namespace ImmichMl.Gateway.Upstreams;

/// <summary>An upstream at one moment, for metrics and the page.</summary>
readonly record struct UpstreamView(string Name, bool IsUp, bool IsReady, int InFlight, long Answered, long Failed);

/// <summary>
/// What is known of the upstreams, and the requests that wait for one: the least busy of those that may answer is taken, of equals the
/// first in the list, and who finds none waits in turn, people before a backlog.
/// </summary>
sealed class UpstreamPool(UpstreamRoutes routes, GatewayOptions options, TimeProvider time, ILogger<UpstreamPool> log)
{
    /// <summary>Beyond an upstream's window, so that a person does not wait for a backlog.</summary>
    const int ForPeople = 2;

    /// <summary>Checks that are missed in a row, each of 2 s, before what is at an upstream is taken to be lost.</summary>
    const int MostMissed = 3;

    readonly Lock _lock = new();
    readonly LinkedList<Waiter> _waiting = [];

    sealed record Waiter(IReadOnlyList<Upstream> May, bool IsInteractive)
    {
        public TaskCompletionSource<Upstream> Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Upstream? Given { get; set; }
    }

    public IReadOnlyCollection<Upstream> All => routes.All;

    /// <summary>Raised, outside of the lock, when one that was down is up.</summary>
    public event Action<Upstream>? CameUp;

    /// <summary>Requests that wait for an upstream.</summary>
    public int Held
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    public bool IsAnyUp(IEnumerable<Upstream>? of = null)
    {
        lock (_lock)
        {
            return (of ?? All).Any(upstream => upstream.IsUp);
        }
    }

    /// <summary>One of these takes work now.</summary>
    public bool IsAnyReady(IEnumerable<Upstream>? of = null)
    {
        lock (_lock)
        {
            return (of ?? All).Any(upstream => upstream is { IsUp: true, IsReady: true });
        }
    }

    /// <summary>An upstream for one request, which <see cref="Return"/> gives back.</summary>
    /// <returns>Null where none was to be had in time, or too many wait already.</returns>
    public async Task<Upstream?> TakeAsync(
        IReadOnlyList<Upstream> may, bool isInteractive, TimeSpan patience, CancellationToken cancellation)
    {
        LinkedListNode<Waiter> node;
        lock (_lock)
        {
            if (Best(may, isInteractive) is { } free)
            {
                free.InFlight++;
                return free;
            }

            // Those that wait must leave room for a person, and for what another upstream can answer.
            if (patience <= TimeSpan.Zero || _waiting.Count >= Math.Max(1, options.MaxRequests - (options.MaxRequests / 8)))
            {
                return null;
            }

            node = _waiting.AddLast(new Waiter(may, isInteractive));
        }

        try
        {
            return await node.Value.Taken.Task.WaitAsync(patience, time, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (node.List is not null)
                {
                    _waiting.Remove(node);
                }
                else if (node.Value.Given is { } late)
                {
                    late.InFlight--;
                    Serve();
                }
            }

            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>A request has left it.</summary>
    /// <param name="upstream">Which had it.</param>
    /// <param name="isAnswered">Null where the caller went away.</param>
    /// <param name="busyFor">For how long it wants to be left alone.</param>
    public void Return(Upstream upstream, bool? isAnswered, TimeSpan? busyFor = null)
    {
        lock (_lock)
        {
            upstream.InFlight--;
            upstream.Answered += isAnswered == true ? 1 : 0;
            upstream.Failed += isAnswered == false && busyFor is null ? 1 : 0;
            if (busyFor is { } pause)
            {
                upstream.NotBefore = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
                upstream.Window = Math.Max(1, Math.Min(upstream.Window, upstream.InFlight + 1) / 2);
                upstream.WasBusy = true;
            }
            else if (isAnswered == true)
            {
                upstream.Window = Math.Min(
                    Upstream.LargestWindow, upstream.Window + (upstream.WasBusy ? 1 / upstream.Window : 1));
            }

            Serve();
        }
    }

    /// <summary>What a check or a refused connection said.</summary>
    /// <returns>True where it is up now.</returns>
    public bool Tell(Upstream upstream, bool isUp, bool isReady, bool isRefused = false)
    {
        bool was, becomes;
        CancellationTokenSource? gone = null;
        lock (_lock)
        {
            was = upstream.IsUp;
            upstream.Missed = isUp ? 0 : upstream.Missed + 1;

            // One check may be lost where a box is busy; a port that is closed says all.
            becomes = upstream.IsUp = isUp || (was && !isRefused && upstream.Missed < 2);
            upstream.IsReady = becomes && (isUp ? isReady : upstream.IsReady);
            if (!was && becomes)
            {
                (upstream.Window, upstream.WasBusy, upstream.NotBefore) = (Upstream.FirstWindow, false, 0);
            }

            if (upstream.Missed >= MostMissed && upstream.InFlight > 0)
            {
                (gone, upstream.Gone) = (upstream.Gone, new CancellationTokenSource());
            }

            Serve();
        }

        gone?.Cancel();
        if (was != becomes)
        {
            log.UpstreamChanged(upstream.Name, becomes ? "up" : "down");
        }

        if (!was && becomes)
        {
            CameUp?.Invoke(upstream);
        }

        return becomes;
    }

    /// <summary>Who might answer a request that waits, where none of them is there; null where there is no such request.</summary>
    public IReadOnlyList<Upstream>? Missing()
    {
        lock (_lock)
        {
            return _waiting.FirstOrDefault(waiter => !waiter.May.Any(upstream => upstream.IsUp))?.May;
        }
    }

    /// <summary>For those that wait until one is no longer too busy: called by the clock.</summary>
    public void Tick()
    {
        lock (_lock)
        {
            Serve();
        }
    }

    /// <summary>A view for metrics and the page.</summary>
    public IReadOnlyList<UpstreamView> Snapshot()
    {
        lock (_lock)
        {
            return
            [
                .. All.Select(one => new UpstreamView(
                    one.Name, one.IsUp, one is { IsUp: true, IsReady: true }, one.InFlight, one.Answered, one.Failed)),
            ];
        }
    }

    void Serve()
    {
        foreach (bool isInteractive in (bool[])[true, false])
        {
            for (LinkedListNode<Waiter>? node = _waiting.First, next; node is not null; node = next)
            {
                next = node.Next;
                if (node.Value.IsInteractive == isInteractive && Best(node.Value.May, isInteractive) is { } free)
                {
                    _waiting.Remove(node);
                    free.InFlight++;
                    node.Value.Given = free;
                    node.Value.Taken.SetResult(free);
                }
            }
        }
    }

    Upstream? Best(IReadOnlyList<Upstream> may, bool isInteractive)
    {
        long now = time.GetTimestamp();
        Upstream? best = null;
        foreach (Upstream one in may)
        {
            if (one is { IsUp: true, IsReady: true } && one.NotBefore <= now
                && one.InFlight < Math.Max(1, (int)one.Window) + (isInteractive ? ForPeople : 0)
                && (best is null || one.InFlight < best.InFlight))
            {
                best = one;
            }
        }

        return best;
    }
}
