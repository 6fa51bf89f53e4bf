namespace ImmichMl.Inference.Devices;

/// <summary>
/// What of NVIDIA's must be on a machine before a build of ONNX Runtime with CUDA 13 is worth loading. Package names are those of NVIDIA's
/// repository, which has them for Debian and Ubuntu alike; the driver is the distribution's.
/// </summary>
public sealed unsafe class CudaRequirements
{
    const string Driver = "libcuda.so.1";

    /// <summary>As cuDriverGetVersion counts: CUDA 13.0.</summary>
    const int LeastDriver = 13_000;

    static readonly (string Library, string Package)[] s_libraries =
    [
        ("libcudart.so.13", "cuda-cudart-13-0"), ("libcublasLt.so.13", "libcublas-13-0"), ("libcublas.so.13", "libcublas-13-0"),
        ("libcurand.so.10", "libcurand-13-0"), ("libcudnn.so.9", "libcudnn9-cuda-13"),
    ];

    readonly string _devices;
    readonly Func<string, bool> _loads;
    readonly Func<int> _driver;

    public CudaRequirements()
        : this("/dev", Loads, DriverVersion)
    {
    }

    /// <param name="devices">Folder of device nodes.</param>
    /// <param name="loads">Whether a library of that name loads.</param>
    /// <param name="driver">cuDriverGetVersion; 0 where it does not say.</param>
    internal CudaRequirements(string devices, Func<string, bool> loads, Func<int> driver) =>
        (_devices, _loads, _driver) = (devices, loads, driver);

    /// <summary>The first thing that is missing and what brings it, one sentence; null where nothing is.</summary>
    public string? Missing()
    {
        string[] nodes = Directory.Exists(_devices)
            ? [.. Directory.EnumerateFiles(_devices, "nvidia*").Where(node => Path.GetFileName(node) is "nvidiactl" or "nvidia0")] : [];
        if (nodes.Length == 0)
        {
            return $"there is no {_devices}/nvidiactl: no NVIDIA card is there, its driver is not loaded (nvidia-smi shows), or a "
                + "sandbox or container hides it.";
        }

        if (nodes.FirstOrDefault(node => !MayUse(node)) is { } closed)
        {
            return $"{closed} may not be opened by this user: put it into the group that 'ls -l {closed}' shows (often video or render).";
        }

        if (!_loads(Driver))
        {
            return $"{Driver} does not load: the driver's library is missing (Debian: libcuda1; Ubuntu: libnvidia-compute-580; NVIDIA's "
                + "repository: cuda-drivers).";
        }

        if (_driver() is > 0 and < LeastDriver and var version)
        {
            return $"the driver is for CUDA {version / 1000}.{version % 1000 / 10}, and 13.0 is needed: install driver 580 or newer "
                + "(Debian: nvidia-driver; Ubuntu: nvidia-driver-580; NVIDIA's repository: cuda-drivers).";
        }

        (string Library, string Package)[] missing = [.. s_libraries.Where(one => !_loads(one.Library))];
        return missing.Length == 0 ? null
            : $"{string.Join(", ", missing.Select(one => one.Library))} {(missing.Length == 1 ? "does" : "do")} not load: install "
                + $"{string.Join(' ', missing.Select(one => one.Package).Distinct())} from NVIDIA's repository for Debian or Ubuntu.";
    }

    static bool MayUse(string node)
    {
        try
        {
            using var opened = new FileStream(node, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            // In use, or gone: the driver has the word.
            return true;
        }
    }

    static bool Loads(string library)
    {
        if (!NativeLibrary.TryLoad(library, out nint handle))
        {
            return false;
        }

        NativeLibrary.Free(handle);
        return true;
    }

    static int DriverVersion()
    {
        int version = 0;
        return NativeLibrary.TryLoad(Driver, out nint handle) && NativeLibrary.TryGetExport(handle, "cuDriverGetVersion", out nint ask)
            && ((delegate* unmanaged<int*, int>)ask)(&version) == 0 ? version : 0;
    }
}
