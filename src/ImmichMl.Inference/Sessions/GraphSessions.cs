namespace ImmichMl.Inference.Sessions;

/// <summary>Which session of a graph: for a run that may take every core, or for one of many side by side.</summary>
delegate InferenceSession OpenSession(bool isOneOfMany);

/// <summary>
/// The sessions over one graph. ONNX Runtime packs every weight at each load, also where the packed form lies in the file (it packs to
/// know which one that is). A session that leaves packing out opens in a tenth of the time, and each of its runs packs as it goes: it
/// gives the first answers, and the others are made behind it, each when a run of its kind was asked for.
/// </summary>
/// <param name="first">The session that is open already.</param>
/// <param name="open">Opens the others; null: the first is all there is.</param>
/// <param name="hasKinds">False: one kind of run is all there is.</param>
/// <param name="spoiled">Told when they will not open; the first goes on alone.</param>
/// <param name="isPacked">The first is one for a run alone already, and stays.</param>
sealed class GraphSessions(
    InferenceSession first, OpenSession? open = null, bool hasKinds = true, Action? spoiled = null, bool isPacked = false) : IDisposable
{
    readonly Lock _lock = new();
    readonly List<bool> _wanted = [];
    InferenceSession? _first = isPacked ? null : first;
    InferenceSession? _alone = isPacked ? first : null;
    InferenceSession? _ofMany;
    OpenSession? _open = open;
    Thread? _opener;
    int _firstRuns;
    bool _isDisposed;

    /// <summary>Runs on the best session there is for it; runs may overlap.</summary>
    public T Run<T>(bool isOneOfMany, Func<InferenceSession, T> run)
    {
        InferenceSession session = Take(isOneOfMany && hasKinds);
        try
        {
            return run(session);
        }
        finally
        {
            Leave(session);
        }
    }

    InferenceSession Take(bool isOneOfMany)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            InferenceSession? best = isOneOfMany ? _ofMany : _alone;
            if (best is null && !_wanted.Contains(isOneOfMany))
            {
                _wanted.Add(isOneOfMany);
            }

            InferenceSession taken = best ?? _alone ?? _ofMany ?? _first!;
            _firstRuns += taken == _first ? 1 : 0;
            return taken;
        }
    }

    /// <summary>Opening begins once an answer is out: beside the first run it would take half of its cores.</summary>
    void Leave(InferenceSession session)
    {
        lock (_lock)
        {
            _firstRuns -= session == _first ? 1 : 0;
            DropFirst();
            if (_open is not null && _opener is null && _wanted.Count > 0 && !_isDisposed)
            {
                StartOpener();
            }
        }
    }

    void StartOpener()
    {
        var opener = new Thread(OpenWanted) { IsBackground = true, Name = "session opener" };
        try
        {
            opener.Start();
            _opener = opener;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            // The answer is there and goes out; the next run tries again.
        }
    }

    void OpenWanted()
    {
        while (Next() is { } isOneOfMany)
        {
            InferenceSession? opened = TryOpen(isOneOfMany);
            lock (_lock)
            {
                _wanted.Remove(isOneOfMany);
                (isOneOfMany ? ref _ofMany : ref _alone) = opened;
                DropFirst();
            }
        }
    }

    /// <summary>The kind to open next; null ends the thread.</summary>
    bool? Next()
    {
        lock (_lock)
        {
            if (_isDisposed || _open is null || _wanted.Count == 0)
            {
                _opener = null;
                return null;
            }

            return _wanted[0];
        }
    }

    InferenceSession? TryOpen(bool isOneOfMany)
    {
        try
        {
            return _open!(isOneOfMany);
        }
        catch (Exception e)
        {
            // What there is goes on, whatever it was: nobody else would catch it on this thread. Asking again at every run would only cost.
            _open = null;
            Tell(e);
            return null;
        }
    }

    void Tell(Exception fault)
    {
        try
        {
            if (fault is OnnxRuntimeException runtime && !OnnxSession.IsOutOfMemory(runtime))
            {
                spoiled?.Invoke();
            }
        }
        catch (Exception)
        {
            // It was to throw the copy away. The copy is looked at again at the next load.
        }
    }

    void DropFirst()
    {
        if ((_alone ?? _ofMany) is not null && _firstRuns == 0)
        {
            _first?.Dispose();
            _first = null;
        }
    }

    /// <summary>Waits for a session that is being opened, so that its memory goes too.</summary>
    public void Dispose()
    {
        Thread? opener;
        lock (_lock)
        {
            _isDisposed = true;
            opener = _opener;
        }

        opener?.Join();
        _first?.Dispose();
        _alone?.Dispose();
        _ofMany?.Dispose();
    }
}
