using System.Collections.Concurrent;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>Where a kind of model is to be loaded: on each of these devices, the CPU where there is none; and why there.</summary>
readonly record struct Placement(IReadOnlyList<ExecutionDevice> Devices, string Why);

/// <summary>The devices that were found at the start, what is on them, and which have been lost since.</summary>
public sealed class DeviceList
{
    readonly DeviceOptions _options;
    readonly IReadOnlyList<ExecutionDevice> _chosen;
    readonly IReadOnlyList<NpuRuntime> _npus;
    readonly ConcurrentDictionary<ModelKey, string> _whereabouts = new();
    readonly ConcurrentDictionary<PlacedSession, bool> _sessions = new();
    readonly List<string> _remarks;

    /// <param name="options">What the user wants.</param>
    /// <param name="accelerators">Every device that works, the CPU aside.</param>
    /// <param name="chosen">Those of them that models go to unless placed elsewhere.</param>
    /// <param name="npus">Runtimes that take a model only where it has a file for them.</param>
    /// <param name="remarks">What was found, and what was not taken and why.</param>
    /// <param name="troubles">Those of them that the operator should see in the log.</param>
    internal DeviceList(
        DeviceOptions options, IReadOnlyList<ExecutionDevice> accelerators, IReadOnlyList<ExecutionDevice> chosen,
        IReadOnlyList<NpuRuntime> npus, IReadOnlyList<string> remarks, IReadOnlyList<string>? troubles = null)
    {
        Troubles = troubles ?? [];
        _options = options;
        _chosen = chosen;
        _npus = npus;
        _remarks = [.. remarks];
        All = [.. accelerators, .. npus.Select(npu => npu.Device), Cpu];
    }

    /// <summary>Where nothing was looked for.</summary>
    public static DeviceList CpuOnly { get; } = new(new DeviceOptions(), [], [], [], []);

    /// <summary>Every device that works, the CPU last.</summary>
    public IReadOnlyList<ExecutionDevice> All { get; }

    /// <summary>Always there, and never lost.</summary>
    public ExecutionDevice Cpu { get; } = new(ExecutionDevice.CpuProvider, 0, ThreadPlan.Cores)
    {
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
    };

    /// <summary>What was asked for at the start, by a manifest or a setting, and could not be had.</summary>
    public IReadOnlyList<string> Troubles { get; }

    /// <summary>Told what the operator should know; set before the first model loads.</summary>
    public Action<string>? Warned { get; set; }

    internal DeviceOptions Options => _options;

    /// <summary>Providers in order of preference.</summary>
    public IReadOnlyList<string> Providers => [.. All.Where(device => !device.IsLost).Select(device => device.Provider).Distinct()];

    /// <summary>In words: what was found, what was not taken and why, where each kind of model goes, what was lost.</summary>
    public IReadOnlyList<string> Remarks
    {
        get
        {
            lock (_remarks)
            {
                return [.. _remarks, .. ModelKind.All.Select(Explain)];
            }
        }
    }

    /// <summary>The devices that a loaded model is on, as <c>cuda:0,cuda:1</c>.</summary>
    public string WhereIs(ModelKey key) => _whereabouts.GetValueOrDefault(key, ExecutionDevice.CpuProvider);

    internal void Settle(ModelKey key, IEnumerable<ExecutionDevice> devices) =>
        _whereabouts[key] = string.Join(",", devices.Select(device => device + KnownProviders.PrecisionOf(device.Provider, _options)));

    internal void Add(PlacedSession session) => _sessions[session] = true;

    internal void Remove(ModelKey key, PlacedSession session)
    {
        _sessions.TryRemove(session, out _);
        _whereabouts.TryRemove(key, out _);
    }

    /// <summary>Work is over for now: buffers go, and arenas on devices shrink.</summary>
    public void ReturnMemory()
    {
        foreach (PlacedSession session in _sessions.Keys)
        {
            session.ReturnMemory();
        }
    }

    internal void Warn(string text)
    {
        lock (_remarks)
        {
            // One line for one cause, however many models meet it.
            if (_remarks.Contains(text) || _remarks.Count >= 100)
            {
                return;
            }

            _remarks.Add(text);
        }

        Warned?.Invoke(text);
    }

    internal void Lose(DeviceLostException loss)
    {
        loss.Device.Lose();
        Warn($"{loss.Message} Its models move elsewhere.");
    }

    /// <summary>The runtimes to try for a model before ONNX Runtime, each only where the model has a file for it.</summary>
    internal IEnumerable<NpuRuntime> NpusFor(ModelKind kind)
    {
        (string wish, _) = _options.PlacementOf(kind);
        bool isPlaced = Place.TryParse(wish, out Place place) && place.Provider is not null;

        // OCR's shapes follow the picture; there a shape is part of the file.
        return kind.Task == ModelKind.TextDetection.Task ? []
            : _npus.Where(npu => !npu.Device.IsLost
                && (isPlaced ? place.Fits(npu.Device) : _options.Provider.Length == 0 || Is(_options.Provider, npu.Device)));
    }

    internal Placement For(ModelKind kind)
    {
        (string wish, string setting) = _options.PlacementOf(kind);
        ExecutionDevice[] working = [.. All.Where(device => !device.IsLost && _npus.All(npu => npu.Device != device))];
        ExecutionDevice[] chosen = [.. _chosen.Where(device => !device.IsLost)];
        if (Place.TryParse(wish, out Place place))
        {
            // A number alone means a device of the accelerator in use.
            ExecutionDevice[] wished = place.Provider is null
                ? [.. working.Where(device => _chosen.Any(one => one.Provider == device.Provider) && place.Fits(device))]
                : [.. working.Where(place.Fits)];
            if (wished.Length > 0)
            {
                bool isChosen = place.Id is null && wished.Any(device => chosen.Contains(device));
                return new Placement(isChosen ? [.. wished.Intersect(chosen)] : wished, setting);
            }

            if (_npus.All(npu => !place.Fits(npu.Device)))
            {
                Warn($"{setting}={wish}: there is no such device.");
            }
        }

        return chosen.Length > 0
            ? new Placement(chosen, _options.Provider.Length > 0 ? "MACHINE_LEARNING_PROVIDER" : "the best that is there")
            : new Placement(
                [Cpu],
                _chosen.Count > 0 ? "all its devices are lost"
                : _options.Provider.Length > 0 ? "MACHINE_LEARNING_PROVIDER"
                : "no accelerator is in use");
    }

    string Explain(ModelKind kind)
    {
        Placement place = For(kind);
        string first = string.Concat(NpusFor(kind).Select(npu => $"{npu.Device} where it has a file for it, else "));
        return $"{kind}: {first}{string.Join(" and ", place.Devices)} ({place.Why})";
    }

    static bool Is(string provider, ExecutionDevice device) => provider.Equals(device.Provider, StringComparison.OrdinalIgnoreCase);
}
