namespace ImmichMl.Inference.Accelerators;

/// <summary>Immich's small C face of ARM NN, libann.so, found when the program runs. It needs the GPU's own libmali.so.</summary>
sealed unsafe class ArmNnLibrary
{
    public const string FileName = "libann.so";
    public const string DriverFileName = "libmali.so";

    /// <summary>Warnings and worse.</summary>
    const int LogLevel = 3;

    readonly delegate* unmanaged<int, int, byte*, void*> _init;
    readonly delegate* unmanaged<void*, byte*, byte, byte, byte, byte*, int> _load;
    readonly delegate* unmanaged<void*, int, void**, void**, void> _execute;
    readonly delegate* unmanaged<void*, int, void> _unload;
    readonly delegate* unmanaged<void*, void> _destroy;
    readonly delegate* unmanaged<void*, int, byte, int, nuint> _shape;
    readonly delegate* unmanaged<void*, int, byte, int> _tensors;

    /// <exception cref="DllNotFoundException">One of the two is not there or will not load.</exception>
    /// <exception cref="EntryPointNotFoundException">It is another library of that name.</exception>
    public ArmNnLibrary(string driver, string path)
    {
        _ = NativeLibrary.Load(driver);
        nint library = NativeLibrary.Load(path);
        _init = (delegate* unmanaged<int, int, byte*, void*>)NativeLibrary.GetExport(library, "init");
        _load = (delegate* unmanaged<void*, byte*, byte, byte, byte, byte*, int>)NativeLibrary.GetExport(library, "load");
        _execute = (delegate* unmanaged<void*, int, void**, void**, void>)NativeLibrary.GetExport(library, "execute");
        _unload = (delegate* unmanaged<void*, int, void>)NativeLibrary.GetExport(library, "unload");
        _destroy = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "destroy");
        _shape = (delegate* unmanaged<void*, int, byte, int, nuint>)NativeLibrary.GetExport(library, "shape");
        _tensors = (delegate* unmanaged<void*, int, byte, int>)NativeLibrary.GetExport(library, "tensors");
    }

    /// <param name="tuning">0 to 3.</param>
    /// <param name="tuningFile">What was tuned before; it must exist.</param>
    public nint Init(int tuning, string tuningFile)
    {
        fixed (byte* file = Encoding.UTF8.GetBytes(tuningFile + '\0'))
        {
            return (nint)_init(LogLevel, tuning, file);
        }
    }

    /// <summary>The network's number; less than 0 where it does not load.</summary>
    public int Load(nint runtime, string path, bool half, bool saves, string? compiled)
    {
        byte[]? cache = compiled is null ? null : Encoding.UTF8.GetBytes(compiled + '\0');
        fixed (byte* model = Encoding.UTF8.GetBytes(path + '\0'), cached = cache)
        {
            return _load((void*)runtime, model, 1, (byte)(half ? 1 : 0), (byte)(saves ? 1 : 0), cached);
        }
    }

    public void Execute(nint runtime, int network, void** inputs, void** outputs) => _execute((void*)runtime, network, inputs, outputs);

    public void Unload(nint runtime, int network) => _unload((void*)runtime, network);

    public void Destroy(nint runtime) => _destroy((void*)runtime);

    /// <summary>Up to four dimensions, 16 bits each, the first in the lowest.</summary>
    public int[][] Shapes(nint runtime, int network, bool ofInputs)
    {
        int count = _tensors((void*)runtime, network, (byte)(ofInputs ? 1 : 0));
        if (count is < 1 or > 64)
        {
            throw new InvalidDataException($"the runtime tells of {count} tensors");
        }

        var shapes = new int[count][];
        for (int i = 0; i < count; i++)
        {
            var shape = new List<int>();
            for (ulong packed = _shape((void*)runtime, network, (byte)(ofInputs ? 1 : 0), i); packed != 0; packed >>= 16)
            {
                shape.Add((int)(packed & 0xFFFF));
            }

            shapes[i] = [.. shape];
        }

        return shapes;
    }
}
