namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Keeps loaded models warm. Each is loaded once however many ask at the same time; different ones load side by side. A model that
/// is unloaded goes when its last user lets go.
/// </summary>
public sealed class SessionCache(Func<ModelKey, IDisposable> load, TimeProvider time) : IDisposable
{
    const int LoadsAtOnce = 4;

    readonly SemaphoreSlim _loading = new(LoadsAtOnce);
    readonly Lock _lock = new();
    readonly Dictionary<ModelKey, HeldModel> _entries = [];
    readonly HashSet<ModelKey> _failed = [];
    readonly List<HeldModel> _givenUp = [];
    bool _disposed;

    /// <summary>
    /// Runs on the loading thread in front of every load: to free memory. What it returns is disposed once the load is over; what it
    /// throws is what the load throws. Set before the first request.
    /// </summary>
    public Func<ModelKey, IDisposable?>? BeforeLoad { get; set; }

    /// <summary>A model in use; it cannot be unloaded before this is disposed.</summary>
    public sealed class Lease<T> : IDisposable
        where T : class, IDisposable
    {
        Action? _release;

        internal Lease(T model, Action release)
        {
            Model = model;
            _release = release;
        }

        /// <summary>Loaded; not the lessee's to dispose of.</summary>
        public T Model { get; }

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }

    /// <summary>The model, loaded first if need be. Who stops waiting does not stop the load: others may want it.</summary>
    /// <param name="key">The model.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="patience">How long to wait for the load; null: about as long as HTTP clients do.</param>
    /// <exception cref="ModelException">It is not to be had, or has been loading for too long.</exception>
    public async Task<Lease<T>> AcquireAsync<T>(ModelKey key, CancellationToken cancellation, TimeSpan? patience = null)
        where T : class, IDisposable
    {
        HeldModel held = Enter(key);
        try
        {
            IDisposable model = await held.WaitAsync(key, patience, cancellation);
            Debug.Assert(!held.Gone.IsCompleted, "A model that is in use has not ended.");
            return new Lease<T>((T)model, held.Leave);
        }
        catch
        {
            held.Leave();
            throw;
        }
    }

    /// <summary>
    /// True for a model that is loaded or on its way, whatever has become of its files: nothing is looked for on a disk that may hang.
    /// </summary>
    public bool Holds(ModelKey key)
    {
        lock (_lock)
        {
            return _entries.ContainsKey(key);
        }
    }

    /// <summary>Takes the model out of the cache and waits until its last user is done with it; throws what its end throws.</summary>
    public async Task UnloadAsync(ModelKey key, CancellationToken cancellation)
    {
        HeldModel? held;
        lock (_lock)
        {
            _failed.Remove(key);
            if (!_entries.Remove(key, out held))
            {
                return;
            }
        }

        held.Retire();
        await held.Gone.WaitAsync(cancellation);
    }

    /// <summary>Unloads every model that nobody uses and that has been idle for longer than its kind may be.</summary>
    /// <returns>Those that went.</returns>
    public IReadOnlyList<ModelKey> UnloadIdle(Func<ModelKind, TimeSpan?> ttl)
    {
        List<KeyValuePair<ModelKey, HeldModel>> idle;
        lock (_lock)
        {
            idle = [.. _entries.Where(pair => pair.Value.IsIdle && ttl(pair.Key.Kind) is { } limit && pair.Value.Idle >= limit)];
            idle.ForEach(pair => _entries.Remove(pair.Key));
        }

        idle.ForEach(pair => pair.Value.Retire());
        return [.. idle.Select(pair => pair.Key)];
    }

    /// <summary>
    /// Unloads one model that nobody uses now: the one with the largest number, which is asked for under the lock; a negative one keeps it.
    /// </summary>
    public ModelKey? UnloadLeast(Func<CachedModel, double> uselessness)
    {
        (ModelKey? least, HeldModel? held, double most) = (null, null, 0);
        lock (_lock)
        {
            foreach ((ModelKey key, HeldModel one) in _entries)
            {
                if (one.IsIdle && uselessness(new CachedModel(key, "loaded", one.Idle)) is var number && number >= most)
                {
                    (least, held, most) = (key, one, number);
                }
            }

            _ = least is { } gone && _entries.Remove(gone);
        }

        held?.Retire();
        return least;
    }

    /// <summary>Loads a loaded model once more and puts the new one in its stead; who uses the old one keeps it until done.</summary>
    public async Task ReloadAsync(ModelKey key)
    {
        HeldModel? old;
        HeldModel fresh;
        lock (_lock)
        {
            if (_disposed || !_entries.TryGetValue(key, out old))
            {
                return;
            }

            fresh = Load(key);
        }

        bool replaced = false;
        try
        {
            await fresh.Model;
            lock (_lock)
            {
                replaced = _entries.GetValueOrDefault(key) == old;
                if (replaced)
                {
                    _entries[key] = fresh;
                }
            }
        }
        finally
        {
            (replaced ? old : fresh).Retire();
            fresh.Leave();
        }
    }

    /// <summary>Every model that is loaded, on its way, or failed when it was last tried; in no order.</summary>
    public IReadOnlyList<CachedModel> Snapshot()
    {
        lock (_lock)
        {
            return
            [
                .. _entries.Select(pair => pair.Value.IsLoaded
                    ? new CachedModel(pair.Key, "loaded", pair.Value.Idle, pair.Value.Model.GetAwaiter().GetResult())
                    : new CachedModel(pair.Key, "loading", TimeSpan.Zero)),
                .. _failed.Where(key => !_entries.ContainsKey(key)).Select(key => new CachedModel(key, "failed", TimeSpan.Zero)),
            ];
        }
    }

    HeldModel Enter(ModelKey key)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_entries.TryGetValue(key, out HeldModel? held) && !MayGiveUp(held))
            {
                held.Use();
                return held;
            }

            held?.Retire();
            _entries[key] = held = Load(key);

            // A load that has failed by now ends within this call, and the model with it, unless somebody uses it.
            held.Use();
            _ = FinishLoadAsync(key, held);
            return held;
        }
    }

    /// <summary>
    /// A load that will not end: it is left to itself, and the model is tried anew. Each keeps a thread, so there are never many.
    /// </summary>
    bool MayGiveUp(HeldModel held)
    {
        _givenUp.RemoveAll(one => one.Model.IsCompleted);
        if (!held.IsStuck || _givenUp.Count >= LoadsAtOnce)
        {
            return false;
        }

        _givenUp.Add(held);
        return true;
    }

    /// <summary>In use from the start, so that it is not taken for idle before whoever loads it is done with it.</summary>
    HeldModel Load(ModelKey key)
    {
        var held = new HeldModel(LoadAsync(key), _lock, time);
        held.Use();
        return held;
    }

    /// <summary>A load blocks for seconds: it gets a thread of its own, not one of the pool's, and there are never many of them.</summary>
    async Task<IDisposable> LoadAsync(ModelKey key)
    {
        await _loading.WaitAsync().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Task<IDisposable> loading;
        try
        {
            loading = Task.Factory.StartNew(
                () =>
                {
                    using IDisposable? room = BeforeLoad?.Invoke(key);
                    return load(key);
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await ((Task)loading).WaitAsync(HeldModel.SlowLoad, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _loading.Release();
        }

        return await loading;
    }

    /// <summary>Lets go of the model once it is loaded, and forgets it if that failed, so that it may be tried again.</summary>
    async Task FinishLoadAsync(ModelKey key, HeldModel held)
    {
        Exception? fault = null;
        try
        {
            await held.Model;
        }
        catch (Exception e)
        {
            fault = e;
        }

        lock (_lock)
        {
            if (fault is null)
            {
                _failed.Remove(key);
            }
            else if (_entries.GetValueOrDefault(key) == held)
            {
                _entries.Remove(key);

                // What is not there, or found no memory, has not failed; and peers can make up any number of names.
                if (fault is not (ModelException { Fault: ModelFault.Unknown or ModelFault.Unavailable }
                    or InferenceException { Fault: InferenceFault.OutOfMemory }))
                {
                    _failed.Add(key);
                }
            }
        }

        if (fault is not null)
        {
            held.Retire();
        }

        held.Leave();
    }

    public void Dispose()
    {
        List<HeldModel> entries;
        lock (_lock)
        {
            _disposed = true;
            entries = [.. _entries.Values];
            _entries.Clear();
        }

        entries.ForEach(held => held.Retire());
    }
}
