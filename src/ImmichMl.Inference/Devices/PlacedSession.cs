using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>
/// One model on one or more devices. A run goes to the device with the fewest runs; where a device is lost in the middle of it, it is
/// repeated on another, and where none is left the model is loaded once more on whatever still works.
/// </summary>
sealed class PlacedSession : ModelSession
{
    readonly ModelKey _key;
    readonly DeviceList _devices;
    readonly Func<IReadOnlyList<(ExecutionDevice, ModelSession)>> _reload;
    readonly Lock _lock = new();
    readonly List<Replica> _replicas = [];
    bool _disposed;

    sealed class Replica(ExecutionDevice device, ModelSession session)
    {
        public ExecutionDevice Device { get; } = device;

        public ModelSession Session { get; } = session;

        public int Users { get; set; }

        public bool IsRetired { get; set; }
    }

    /// <param name="key">The model.</param>
    /// <param name="devices">Told of losses.</param>
    /// <param name="reload">Loads it on every device that it may be on now; throws where it loads nowhere.</param>
    public PlacedSession(ModelKey key, DeviceList devices, Func<IReadOnlyList<(ExecutionDevice, ModelSession)>> reload)
    {
        _key = key;
        _devices = devices;
        _reload = reload;
        Adopt(reload());
        Inputs = _replicas[0].Session.Inputs;
        Outputs = _replicas[0].Session.Outputs;
        Metadata = _replicas[0].Session.Metadata;
        devices.Add(this);
    }

    public override IReadOnlyList<TensorInfo> Inputs { get; }

    public override IReadOnlyList<TensorInfo> Outputs { get; }

    public override IReadOnlyDictionary<string, string> Metadata { get; }

    public override bool WantsSingles
    {
        get
        {
            lock (_lock)
            {
                return _replicas.Any(replica => replica.Session.WantsSingles || KnownProviders.WantsSingles(replica.Device.Provider));
            }
        }
    }

    public override bool RunsSideBySide
    {
        get
        {
            lock (_lock)
            {
                return _replicas.All(replica => replica.Device.IsCpu);
            }
        }
    }

    /// <summary>With where that is: devices differ in the last places.</summary>
    public override string Precision
    {
        get
        {
            lock (_lock)
            {
                return string.Join(", ", _replicas.Select(replica => $"{replica.Session.Precision} on {replica.Device}"));
            }
        }
    }

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation)
    {
        while (true)
        {
            Replica replica = Enter();
            try
            {
                return replica.Session.Run(feed, all, read, cancellation);
            }
            catch (DeviceLostException loss)
            {
                // Each time round loses a device, so this ends.
                _devices.Lose(loss);
            }
            catch (InferenceException e) when (e.Fault == InferenceFault.NotFinite)
            {
                throw InferenceException.NotFinite(_key, replica.Device.ToString(), e);
            }
            finally
            {
                Leave(replica);
            }
        }
    }

    Replica Enter()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (Replica lost in _replicas.FindAll(replica => replica.Device.IsLost))
            {
                Retire(lost);
            }

            if (_replicas.Count == 0)
            {
                // Who comes meanwhile waits: there is nothing to run on.
                Adopt(_reload());
            }

            Replica replica = _replicas.MinBy(one => one.Device.InUse)!;
            replica.Users++;
            replica.Device.Enter();
            return replica;
        }
    }

    void Leave(Replica replica)
    {
        lock (_lock)
        {
            replica.Device.Leave();
            replica.Users--;
            DropIfUnused(replica);
        }
    }

    void Adopt(IReadOnlyList<(ExecutionDevice Device, ModelSession Session)> loaded)
    {
        _replicas.AddRange(loaded.Select(one => new Replica(one.Device, one.Session)));
        _devices.Settle(_key, _replicas.Select(replica => replica.Device));
    }

    void Retire(Replica replica)
    {
        _replicas.Remove(replica);
        replica.IsRetired = true;
        DropIfUnused(replica);
        _devices.Settle(_key, _replicas.Select(one => one.Device));
    }

    static void DropIfUnused(Replica replica)
    {
        if (replica is { IsRetired: true, Users: 0 })
        {
            replica.Session.Dispose();
        }
    }

    internal override void ReturnMemory()
    {
        Replica[] idle;
        lock (_lock)
        {
            // One that is in use keeps what it has; one that is asked here cannot go meanwhile.
            idle = [.. _replicas.Where(replica => replica.Users == 0 && !replica.Device.IsLost)];
            Array.ForEach(idle, replica => replica.Users++);
        }

        foreach (Replica replica in idle)
        {
            try
            {
                replica.Session.ReturnMemory();
            }
            finally
            {
                lock (_lock)
                {
                    replica.Users--;
                    DropIfUnused(replica);
                }
            }
        }
    }

    public override void Dispose()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _disposed = true;
                _replicas.ToList().ForEach(Retire);
                _devices.Remove(_key, this);
            }
        }
    }
}
