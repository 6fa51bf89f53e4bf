namespace ImmichMl.Inference.Devices;

/// <summary>Memory of a GPU as its driver tells it: NVIDIA's management library, or amdgpu's files below /sys. Bytes.</summary>
public readonly record struct DeviceMemory(long Total, long Used)
{
    const string Cards = "/sys/class/drm";

    static readonly Lazy<NvidiaManagement?> s_nvidia = new(() => NvidiaManagement.TryOpen(NvidiaManagement.FileName));

    /// <summary>Null where nobody says.</summary>
    public static DeviceMemory? Of(string provider, int id) => provider switch
    {
        "cuda" or "tensorrt" or "tensorrt-rtx" => s_nvidia.Value?.Memory(id),
        "migraphx" or "rocm" => OfCard(Cards, id),
        _ => null,
    };

    /// <summary>Cards that tell nothing (another driver's, or connectors) do not count.</summary>
    internal static DeviceMemory? OfCard(string folder, int id)
    {
        try
        {
            string? card = Directory.GetDirectories(folder, "card*").Order(StringComparer.Ordinal)
                .Select(path => Path.Combine(path, "device"))
                .Where(path => File.Exists(Path.Combine(path, "mem_info_vram_total"))).ElementAtOrDefault(id);
            return card is null ? null : new DeviceMemory(Number(card, "mem_info_vram_total"), Number(card, "mem_info_vram_used"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }

    static long Number(string folder, string file) =>
        long.Parse(File.ReadAllText(Path.Combine(folder, file)).Trim(), CultureInfo.InvariantCulture);
}

/// <summary>NVIDIA's management library, libnvidia-ml.so.1, which comes with the driver.</summary>
sealed unsafe class NvidiaManagement
{
    public const string FileName = "libnvidia-ml.so.1";

    readonly delegate* unmanaged<uint, nint*, int> _handleOf;
    readonly delegate* unmanaged<nint, ulong*, int> _memoryOf;

    NvidiaManagement(nint library)
    {
        _handleOf = (delegate* unmanaged<uint, nint*, int>)NativeLibrary.GetExport(library, "nvmlDeviceGetHandleByIndex_v2");
        _memoryOf = (delegate* unmanaged<nint, ulong*, int>)NativeLibrary.GetExport(library, "nvmlDeviceGetMemoryInfo");
    }

    public static NvidiaManagement? TryOpen(string path)
    {
        if (!NativeLibrary.TryLoad(path, out nint library) || !NativeLibrary.TryGetExport(library, "nvmlInit_v2", out nint init)
            || ((delegate* unmanaged<int>)init)() != 0)
        {
            return null;
        }

        try
        {
            return new NvidiaManagement(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    public DeviceMemory? Memory(int index)
    {
        nint device;

        // Total, free, used.
        ulong* memory = stackalloc ulong[3];
        return _handleOf((uint)index, &device) == 0 && _memoryOf(device, memory) == 0
            ? new DeviceMemory((long)memory[0], (long)memory[2])
            : null;
    }
}
