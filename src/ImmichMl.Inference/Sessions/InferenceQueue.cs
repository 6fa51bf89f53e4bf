namespace ImmichMl.Inference.Sessions;

/// <summary>Which lane a request waits in.</summary>
public enum Lane
{
    /// <summary>A person waits; always first.</summary>
    Interactive,

    /// <summary>Part of a backlog.</summary>
    Background,
}

/// <summary>
/// The bounded queue in front of the sessions. It admits or refuses at once, lets interactive requests go before background ones,
/// keeps the number of requests that are worked on fixed, and runs models on threads of their own.
/// </summary>
public sealed class InferenceQueue(RuntimeOptions options) : IDisposable
{
    readonly WorkerThreads _threads = new("inference", options.RequestThreads);
    readonly Lock _lock = new();
    readonly LinkedList<Place>[] _lanes = [new(), new()];
    int _free = options.RequestThreads;
    int _admitted;

    /// <summary>A request's place: first in the queue, then in work. Disposing gives it up.</summary>
    public sealed class Place : IDisposable
    {
        readonly InferenceQueue _queue;
        readonly Lane _lane;
        readonly TaskCompletionSource _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<Place>? _node;
        bool _inWork;
        bool _left;

        internal Place(InferenceQueue queue, Lane lane)
        {
            _queue = queue;
            _lane = lane;
        }

        /// <summary>Waits for the turn; who gives up waiting leaves the queue.</summary>
        public async Task TurnAsync(CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            lock (_queue._lock)
            {
                _node = _queue._lanes[(int)_lane].AddLast(this);
                _queue.StartWaiting();
            }

            await _turn.Task.WaitAsync(cancellation);
        }

        /// <summary>Runs a model; <paramref name="work"/> is skipped where <paramref name="cancellation"/> came first.</summary>
        public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation) => _queue._threads.RunAsync(() =>
        {
            cancellation.ThrowIfCancellationRequested();
            return work();
        });

        internal void Start()
        {
            _node = null;
            _inWork = true;
            _turn.SetResult();
        }

        public void Dispose()
        {
            lock (_queue._lock)
            {
                if (_left)
                {
                    return;
                }

                _left = true;
                _queue._admitted--;
                if (_node is not null)
                {
                    _queue._lanes[(int)_lane].Remove(_node);
                }
                else if (_inWork)
                {
                    _queue._free++;
                    _queue.StartWaiting();
                }
            }
        }
    }

    /// <summary>Requests that wait for their turn, by lane.</summary>
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

    /// <exception cref="InferenceException">The queue is full.</exception>
    public Place Admit(Lane lane)
    {
        lock (_lock)
        {
            // Those in work do not count against the queue.
            if (_admitted >= options.Queue + options.RequestThreads)
            {
                throw new InferenceException(InferenceFault.Overloaded, $"The queue of {options.Queue} requests is full.");
            }

            _admitted++;
            return new Place(this, lane);
        }
    }

    void StartWaiting()
    {
        while (_free > 0 && (_lanes[0].First ?? _lanes[1].First) is { } next)
        {
            next.List!.Remove(next);
            _free--;
            next.Value.Start();
        }
    }

    public void Dispose() => _threads.Dispose();
}
