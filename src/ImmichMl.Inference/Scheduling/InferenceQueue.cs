using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Scheduling;

/// <summary>Which lane a request waits in.</summary>
public enum Lane
{
    /// <summary>A person waits; always first.</summary>
    Interactive,

    /// <summary>Part of a backlog.</summary>
    Background,
}

/// <summary>
/// The bounded queue in front of the sessions. It admits or refuses at once, lets interactive requests go before background ones and
/// every peer get its share, keeps the number of slots in which requests are worked on fixed (and one for interactive ones besides), and
/// runs models on threads of its own: a crowd of background requests on threads that yield to everything else.
/// </summary>
public sealed class InferenceQueue(RuntimeOptions options, TimeProvider? time = null) : IDisposable
{
    readonly WorkerThreads _threads = new("inference", options.RequestThreads + 1);
    readonly WorkerThreads _yielding = new("background", options.RequestThreads, yields: true);
    readonly Lock _lock = new();
    readonly LinkedList<Admission>[] _lanes = [new(), new()];
    readonly int[] _inWork = new int[2];
    readonly FairQueue _peers = new();
    readonly RuntimeOptions _options = options;
    readonly AnswerRate _rate = new(time ?? TimeProvider.System);
    int _admitted;
    int _slots = options.RequestThreads;

    /// <summary>A request that was admitted: it waits for a slot, then it holds one. Disposing gives both up.</summary>
    public sealed class Admission : IDisposable
    {
        readonly InferenceQueue _queue;
        readonly Lane _lane;
        readonly TaskCompletionSource _slot = new(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<Admission>? _node;
        bool _hadSlot;
        bool _inWork;
        bool _left;

        internal Admission(InferenceQueue queue, Lane lane, long peer)
        {
            _queue = queue;
            _lane = lane;
            Peer = peer;
        }

        internal long Peer { get; }

        internal Lane LaneOf => _lane;

        /// <summary>True for one of a backlog: others go before it, and it shares the cores. One that is alone has them all.</summary>
        public bool Yields => _lane == Lane.Background && Volatile.Read(ref _queue._admitted) > 1;

        /// <summary>Waits for a slot; who gives up waiting leaves the queue.</summary>
        /// <exception cref="InferenceException">It was pushed out for a peer that asks for less.</exception>
        public async Task SlotAsync(CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (_queue._lock)
            {
                if (!_left)
                {
                    _node = _queue._lanes[(int)_lane].AddLast(this);
                    _queue.StartWaiting();
                }
            }

            await _slot.Task.WaitAsync(cancellation);
        }

        /// <summary>Runs a model; <paramref name="work"/> is skipped where <paramref name="cancellation"/> came first.</summary>
        public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
        {
            bool isCrowd = (Yields || Volatile.Read(ref _queue._inWork[(int)Lane.Interactive]) > 1) && ThreadPlan.FillsCores(_queue._slots);
            return (Yields ? _queue._yielding : _queue._threads).RunAsync(() =>
            {
                cancellation.ThrowIfCancellationRequested();
                RunKind.Set(isCrowd, isCrowd ? 1 : _queue._options.ChosenIntraOpThreads);
                return work();
            });
        }

        /// <summary>What is left of the request is waiting: its slot goes to the next.</summary>
        internal void ReleaseSlot()
        {
            lock (_queue._lock)
            {
                if (!_left && _inWork)
                {
                    _inWork = false;
                    _queue._inWork[(int)_lane]--;
                    _queue.StartWaiting();
                }
            }
        }

        internal void Start()
        {
            _node = null;
            _inWork = _hadSlot = true;
            _slot.SetResult();
        }

        internal void PushOut(InferenceException reason)
        {
            Leave();
            _slot.TrySetException(reason);
        }

        void Leave()
        {
            if (_left)
            {
                return;
            }

            _left = true;
            _queue._admitted--;
            _queue._peers.Leave(Peer);
            if (_node is not null)
            {
                _queue._lanes[(int)_lane].Remove(_node);
                _node = null;
            }
            else if (_hadSlot)
            {
                _queue._inWork[(int)_lane] -= _inWork ? 1 : 0;
                _queue._rate.Done(isBusy: _queue._admitted > 0);
                _queue.StartWaiting();
            }
        }

        public void Dispose()
        {
            lock (_queue._lock)
            {
                Leave();
            }
        }
    }

    /// <summary>Requests that wait for a slot, by lane.</summary>
    public (int Interactive, int Background) Waiting
    {
        get
        {
            lock (_lock)
            {
                return (_lanes[0].Count, _lanes[1].Count);
            }
        }
    }

    /// <summary>Requests in work, by lane.</summary>
    public (int Interactive, int Background) InWork
    {
        get
        {
            lock (_lock)
            {
                return (_inWork[0], _inWork[1]);
            }
        }
    }

    /// <summary>Requests that are worked on at once from now on, besides an interactive one: fewer than the setting, never none.</summary>
    public int Slots
    {
        get => Volatile.Read(ref _slots);
        set
        {
            lock (_lock)
            {
                _slots = Math.Clamp(value, 1, _options.RequestThreads);
                StartWaiting();
            }
        }
    }

    /// <param name="lane">Where to wait.</param>
    /// <param name="peer">Who asks: peers get slots in turn, and where the queue is full the one that fills it gives way to others.</param>
    /// <exception cref="InferenceException">The queue is full.</exception>
    public Admission Admit(Lane lane, long peer = 0)
    {
        lock (_lock)
        {
            // Those in work do not count against the queue.
            if (_admitted >= _options.Queue + _options.RequestThreads)
            {
                var full = new InferenceException(InferenceFault.Overloaded, $"The queue of {_options.Queue} requests is full.")
                {
                    RetryAfter = _rate.TimeFor(_admitted),
                };
                if (_peers.GreedierThan(peer) is not { } greedy || LastOf(greedy) is not { } last)
                {
                    throw full;
                }

                last.PushOut(full);
            }

            _admitted++;
            _peers.Enter(peer);
            CheckCounts();
            return new Admission(this, lane, peer);
        }
    }

    /// <summary>The newest request of a peer that still waits, of its backlog first.</summary>
    Admission? LastOf(long peer) => _lanes[1].Reverse().Concat(_lanes[0].Reverse()).FirstOrDefault(admission => admission.Peer == peer);

    void StartWaiting()
    {
        while (Next() is { } next)
        {
            next.List!.Remove(next);
            Lane lane = next.Value.LaneOf;
            _inWork[(int)lane]++;
            _peers.TakeSlot(next.Value.Peer);
            next.Value.Start();
        }

        CheckCounts();
    }

    /// <summary>Under the lock, in builds for tests: what is counted is what is there.</summary>
    [Conditional("DEBUG")]
    void CheckCounts()
    {
        (int interactive, int background) = (_inWork[0], _inWork[1]);
        Debug.Assert(interactive >= 0 && background >= 0 && background <= _options.RequestThreads, "No slot is given back twice.");
        Debug.Assert(interactive + background <= _options.RequestThreads + 1, "There are as many slots as threads, and one for a person.");
        Debug.Assert(interactive + background + _lanes[0].Count + _lanes[1].Count <= _admitted, "Who waits or is in work was admitted.");
        Debug.Assert(_peers.Admitted == _admitted, "Each request leaves once.");
    }

    LinkedListNode<Admission>? Next()
    {
        int inWork = _inWork[0] + _inWork[1];
        return inWork <= _slots && _lanes[0].Count > 0 ? First(_lanes[0])
            : inWork < _slots && _inWork[1] < _slots && _lanes[1].Count > 0 ? First(_lanes[1])
            : null;
    }

    /// <summary>The oldest request of the peer whose last slot is longest ago.</summary>
    LinkedListNode<Admission> First(LinkedList<Admission> lane)
    {
        LinkedListNode<Admission> first = lane.First!;
        for (LinkedListNode<Admission>? node = first.Next; node is not null && !_peers.IsOne; node = node.Next)
        {
            first = _peers.LastSlot(node.Value.Peer) < _peers.LastSlot(first.Value.Peer) ? node : first;
        }

        return first;
    }

    /// <summary>Numbers of the work that has been running for longest, on either kind of thread; 0 where none runs.</summary>
    public (long Plain, long Yielding) OldestRunning => (_threads.OldestRunning, _yielding.OldestRunning);

    /// <summary>Runs <paramref name="beat"/> on a thread that runs models, as soon as one is free.</summary>
    public Task BeatAsync(Action beat) => _threads.RunAsync(() =>
    {
        beat();
        return true;
    });

    public void Dispose()
    {
        _threads.Dispose();
        _yielding.Dispose();
    }
}
