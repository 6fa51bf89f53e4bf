using ImmichMl.Models;

namespace ImmichMl.Inference.Sessions;

/// <summary>How a model stands in the cache of sessions; a model that is not listed there is not loaded.</summary>
public readonly record struct CachedModel(ModelKey Key, string State, TimeSpan Idle);

/// <summary>
/// Keeps loaded models warm. Each is loaded once however many ask at the same time; different ones load side by side. A model that
/// is unloaded goes when its last user lets go.
/// </summary>
public sealed class SessionCache(Func<ModelKey, IDisposable> load, TimeProvider time) : IDisposable
{
    const int LoadsAtOnce = 4;

    readonly SemaphoreSlim _loading = new(LoadsAtOnce);
    readonly Lock _lock = new();
    readonly Dictionary<ModelKey, Entry> _entries = [];
    readonly HashSet<ModelKey> _failed = [];
    bool _disposed;

    /// <summary>Runs on the loading thread in front of every load: to make room. Set before the first request.</summary>
    public Action<ModelKey>? BeforeLoad { get; set; }

    sealed class Entry(Task<IDisposable> model)
    {
        public Task<IDisposable> Model { get; } = model;

        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Users { get; set; }

        public bool Retired { get; set; }

        public long LastUse { get; set; }
    }

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

        public T Model { get; }

        public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
    }

    /// <summary>The model, loaded first if need be. Who stops waiting does not stop the load: others may want it.</summary>
    /// <exception cref="ModelException">It is not to be had.</exception>
    public async Task<Lease<T>> AcquireAsync<T>(ModelKey key, CancellationToken cancellation)
        where T : class, IDisposable
    {
        Entry entry = Enter(key);
        try
        {
            IDisposable model = await entry.Model.WaitAsync(cancellation);
            return new Lease<T>((T)model, () => Leave(entry));
        }
        catch
        {
            Leave(entry);
            throw;
        }
    }

    /// <summary>Takes the model out of the cache and waits until its last user is done with it.</summary>
    public async Task UnloadAsync(ModelKey key, CancellationToken cancellation)
    {
        Entry? entry;
        lock (_lock)
        {
            _failed.Remove(key);
            if (!_entries.Remove(key, out entry))
            {
                return;
            }
        }

        Retire(entry);
        await entry.Gone.Task.WaitAsync(cancellation);
    }

    /// <summary>Unloads every model that nobody uses and that has been idle for longer than its kind may be.</summary>
    /// <returns>Those that went.</returns>
    public IReadOnlyList<ModelKey> UnloadIdle(Func<ModelKind, TimeSpan?> ttl)
    {
        List<KeyValuePair<ModelKey, Entry>> idle;
        lock (_lock)
        {
            idle = [.. _entries.Where(pair => IsIdle(pair.Value) && ttl(pair.Key.Kind) is { } limit && time.GetElapsedTime(pair.Value.LastUse) >= limit)];
            idle.ForEach(pair => _entries.Remove(pair.Key));
        }

        idle.ForEach(pair => Retire(pair.Value));
        return [.. idle.Select(pair => pair.Key)];
    }

    /// <summary>Unloads the model that was used longest ago among those that nobody uses now; null when there is none.</summary>
    public ModelKey? UnloadOldest()
    {
        KeyValuePair<ModelKey, Entry> oldest;
        lock (_lock)
        {
            oldest = _entries.Where(pair => IsIdle(pair.Value)).OrderBy(pair => pair.Value.LastUse).FirstOrDefault();
            if (oldest.Value is null)
            {
                return null;
            }

            _entries.Remove(oldest.Key);
        }

        Retire(oldest.Value);
        return oldest.Key;
    }

    /// <summary>Loads a loaded model once more and puts the new one in its place; who uses the old one keeps it until done.</summary>
    public async Task ReloadAsync(ModelKey key)
    {
        Entry? old;
        Entry fresh;
        lock (_lock)
        {
            if (_disposed || !_entries.TryGetValue(key, out old))
            {
                return;
            }

            fresh = new Entry(LoadAsync(key)) { Users = 1 };
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
            Retire(replaced ? old : fresh);
            Leave(fresh);
        }
    }

    static bool IsIdle(Entry entry) => entry is { Users: 0, Model.IsCompletedSuccessfully: true };

    public IReadOnlyList<CachedModel> Snapshot()
    {
        lock (_lock)
        {
            return
            [
                .. _entries.Select(pair => pair.Value.Model.IsCompletedSuccessfully
                    ? new CachedModel(pair.Key, "loaded", pair.Value.Users > 0 ? TimeSpan.Zero : time.GetElapsedTime(pair.Value.LastUse))
                    : new CachedModel(pair.Key, "loading", TimeSpan.Zero)),
                .. _failed.Where(key => !_entries.ContainsKey(key)).Select(key => new CachedModel(key, "failed", TimeSpan.Zero)),
            ];
        }
    }

    Entry Enter(ModelKey key)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_entries.TryGetValue(key, out Entry? entry))
            {
                entry = new Entry(LoadAsync(key)) { Users = 1 };
                _entries.Add(key, entry);
                _ = FinishLoadAsync(key, entry);
            }

            entry.Users++;
            return entry;
        }
    }

    /// <summary>A load blocks for seconds: it gets a thread of its own, not one of the pool's, and there are never many of them.</summary>
    async Task<IDisposable> LoadAsync(ModelKey key)
    {
        await _loading.WaitAsync().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return await Task.Factory.StartNew(
                () =>
                {
                    BeforeLoad?.Invoke(key);
                    return load(key);
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Holds the entry while it loads, so that it is not taken for idle, and forgets it if it fails, so that it may be tried again.</summary>
    async Task FinishLoadAsync(ModelKey key, Entry entry)
    {
        Exception? fault = null;
        try
        {
            await entry.Model;
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
            else if (_entries.GetValueOrDefault(key) == entry)
            {
                _entries.Remove(key);

                // A model that is not there has not failed; and peers can make up any number of names.
                if (fault is not ModelException { Fault: ModelFault.Unknown or ModelFault.Unavailable })
                {
                    _failed.Add(key);
                }
            }
        }

        if (fault is not null)
        {
            Retire(entry);
        }

        Leave(entry);
    }

    void Leave(Entry entry)
    {
        bool gone;
        lock (_lock)
        {
            entry.Users--;
            entry.LastUse = time.GetTimestamp();
            gone = entry is { Users: 0, Retired: true };
        }

        Drop(entry, gone);
    }

    void Retire(Entry entry)
    {
        bool gone;
        lock (_lock)
        {
            gone = !entry.Retired && entry.Users == 0;
            entry.Retired = true;
        }

        Drop(entry, gone);
    }

    static void Drop(Entry entry, bool gone)
    {
        if (gone)
        {
            if (entry.Model.IsCompletedSuccessfully)
            {
                entry.Model.GetAwaiter().GetResult().Dispose();
            }

            entry.Gone.TrySetResult();
        }
    }

    public void Dispose()
    {
        List<Entry> entries;
        lock (_lock)
        {
            _disposed = true;
            entries = [.. _entries.Values];
            _entries.Clear();
        }

        entries.ForEach(Retire);
    }
}
