namespace ImmichMl.Inference.Sessions;

/// <summary>
/// One model of the cache, loaded or on its way: who uses it, since when nobody does, and its end, which comes once it is retired and
/// its last user has let go. Users are counted under <paramref name="shared"/>, the cache's lock.
/// </summary>
sealed class HeldModel(Task<IDisposable> model, Lock shared, TimeProvider time)
{
    readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _users;
    bool _retired;
    long _lastUse;

    public Task<IDisposable> Model => model;

    /// <summary>Ends with the model.</summary>
    public Task Gone => _gone.Task;

    public bool IsLoaded => model.IsCompletedSuccessfully;

    public bool IsIdle => _users == 0 && IsLoaded;

    /// <summary>When somebody let go of it last, in the clock's ticks.</summary>
    public long LastUse => _lastUse;

    /// <summary>How long nobody has used it.</summary>
    public TimeSpan Idle => _users > 0 ? TimeSpan.Zero : time.GetElapsedTime(_lastUse);

    /// <summary>One user more. Under the lock, or before anybody else knows of it.</summary>
    public void Use() => _users++;

    /// <summary>One user less.</summary>
    public void Leave()
    {
        bool ends;
        lock (shared)
        {
            _users--;
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

        if (IsLoaded)
        {
            model.GetAwaiter().GetResult().Dispose();
        }

        _gone.TrySetResult();
    }
}
