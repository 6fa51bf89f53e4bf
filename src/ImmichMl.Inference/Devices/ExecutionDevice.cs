namespace ImmichMl.Inference.Devices;

/// <summary>One thing that models run on.</summary>
public sealed class ExecutionDevice
{
    readonly Lazy<OrtMemoryInfo?> _pinned;
    readonly Lazy<OrtMemoryInfo?> _own;
    int _inUse;
    volatile bool _isLost;

    public ExecutionDevice(string provider, int id, string name)
    {
        Provider = provider;
        Id = id;
        Name = name;
        _pinned = new Lazy<OrtMemoryInfo?>(() => Memory(OrtDeviceMemoryType.HOST_ACCESSIBLE));
        _own = new Lazy<OrtMemoryInfo?>(() => Memory(OrtDeviceMemoryType.DEFAULT));
    }

    public static string CpuProvider => "cpu";

    /// <summary>The accelerator's word: cpu, cuda, rknn …</summary>
    public string Provider { get; }

    /// <summary>Its number among the devices of that accelerator.</summary>
    public int Id { get; }

    /// <summary>What it calls itself.</summary>
    public string Name { get; }

    /// <summary>Of the device itself; 0 where nobody says.</summary>
    public long MemoryBytes { get; init; }

    public bool IsCpu => Provider == CpuProvider;

    /// <summary>It stopped answering: nothing is put on it any more until the next start.</summary>
    public bool IsLost => _isLost;

    /// <summary>Model runs on it now.</summary>
    public int InUse => Volatile.Read(ref _inUse);

    /// <summary>
    /// As a plug-in provider gave it; null for the CPU, for what is built into ONNX Runtime, and for what needs no ONNX Runtime.
    /// </summary>
    internal OrtEpDevice? Handle { get; init; }

    /// <summary>What the manifest adds to our own options.</summary>
    internal IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Memory of the host that the device reads and writes by itself; null where it has none.</summary>
    internal OrtMemoryInfo? PinnedMemory => _pinned.Value;

    /// <summary>Memory of the device; null where it has none of its own.</summary>
    internal OrtMemoryInfo? OwnMemory => _own.Value;

    OrtMemoryInfo? Memory(OrtDeviceMemoryType type)
    {
        try
        {
            return Handle is { } handle ? handle.GetMemoryInfo(type)
                : Provider == "cuda" ? BuiltInCuda(type)
                : null;
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    OrtMemoryInfo BuiltInCuda(OrtDeviceMemoryType type) => type == OrtDeviceMemoryType.DEFAULT
        ? new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, Id, OrtMemType.Default)
        : new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA_PINNED, OrtAllocatorType.DeviceAllocator, Id, OrtMemType.CpuOutput);

    internal void Enter() => Interlocked.Increment(ref _inUse);

    internal void Leave() => Interlocked.Decrement(ref _inUse);

    internal void Lose() => _isLost = true;

    public override string ToString() => IsCpu ? CpuProvider : $"{Provider}:{Id}";
}

/// <summary>A device stopped answering in the middle of a run. The run may be repeated elsewhere.</summary>
sealed class DeviceLostException(ExecutionDevice device, Exception cause) : Exception($"Device {device} is lost: {cause.Message}", cause)
{
    public ExecutionDevice Device { get; } = device;
}
