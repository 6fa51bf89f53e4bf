namespace ImmichMl.Inference.Sessions;

/// <summary>
/// One model of the cache, loaded or on its way: who uses it, since when nobody does, and its end, which comes once it is retired and
/// its last user has let go. Users are counted under <paramref name="shared"/>, the cache's lock.
/// </summary>
sealed class HeldModel(Task<IDisposable> model, Lock shared, TimeProvider time)
{
    /// <summary>A load that takes longer, from a disk that hangs perhaps, keeps no others from loading, and nobody joins it.</summary>
    public static readonly TimeSpan SlowLoad = TimeSpan.FromSeconds(60);

    /// <summary>HTTP clients give up after 300 s.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(240);

    /// <summary>Accelerators compile a model for minutes when it is loaded first.</summary>
    static readonly TimeSpan s_longestLoad = TimeSpan.FromMinutes(15);

    static readonly TimeSpan s_later = TimeSpan.FromSeconds(30);

    readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _users;
    bool _retired;
    readonly long _since = time.GetTimestamp();
    long _lastUse;

    public Task<IDisposable> Model => model;

    /// <summary>Ends with the model; with what its end threw, if that failed.</summary>
    public Task Gone => _gone.Task;

    public bool IsLoaded => model.IsCompletedSuccessfully;

    public bool IsIdle => _users == 0 && IsLoaded;

    /// <summary>It has been loading for so long that it will not end.</summary>
    public bool IsStuck => !model.IsCompleted && Age >= s_longestLoad;

    TimeSpan Age => time.GetElapsedTime(_since);

    /// <summary>The model, once it is loaded.</summary>
    /// <exception cref="ModelException">It has been loading for too long; the load goes on.</exception>
    public async Task<IDisposable> WaitAsync(ModelKey key, TimeSpan? patience, CancellationToken cancellation)
    {
        if (!model.IsCompleted)
        {
            TimeSpan allowed = patience ?? (Age < SlowLoad ? s_patience : TimeSpan.Zero);
            await ((Task)model).WaitAsync(allowed, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!model.IsCompleted)
            {
                cancellation.ThrowIfCancellationRequested();
                string told = $"Model {key} has been loading for {Age.TotalSeconds:0} s, which goes on.";
                throw new ModelException(ModelFault.Unavailable, told) { RetryAfter = s_later };
            }
        }

        return await model;
    }

    /// <summary>When somebody let go of it last, in the clock's ticks.</summary>
    public long LastUse => _lastUse;

    /// <summary>How long nobody has used it.</summary>
    public TimeSpan Idle => _users > 0 ? TimeSpan.Zero : time.GetElapsedTime(_lastUse);

    /// <summary>One user more. Under the lock, or before anybody else knows of it.</summary>
    public void Use()
    {
        Debug.Assert(!_gone.Task.IsCompleted, "What has ended is handed to nobody.");
        _users++;
    }

    /// <summary>One user less.</summary>
    public void Leave()
    {
        bool ends;
        lock (shared)
        {
            _users--;
            Debug.Assert(_users >= 0, "Who uses it lets go once.");
            _lastUse = time.GetTimestamp();
            ends = _users == 0 && _retired;
        }

        End(ends);
    }

    /// <summary>The cache has let go of it: it ends now, or with its last user.</summary>
    public void Retire()
    {
        bool ends;
        lock (shared)
        {
            ends = !_retired && _users == 0;
            _retired = true;
        }

        End(ends);
    }

    void End(bool ends)
    {
        if (!ends)
        {
            return;
        }

        try
        {
            if (IsLoaded)
            {
                model.GetAwaiter().GetResult().Dispose();
            }

            _gone.TrySetResult();
        }
        catch (Exception e)
        {
            // For whoever asked that it be unloaded. Whoever merely used it last has an answer, which this must not cost.
            _gone.TrySetException(e);
        }
    }
}
