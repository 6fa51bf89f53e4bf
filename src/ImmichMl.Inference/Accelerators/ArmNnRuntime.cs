using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Accelerators;

/// <summary>A Mali GPU through ARM NN. Its models are <c>model.armnn</c> beside model.onnx. One runtime serves all models.</summary>
sealed class ArmNnRuntime(ArmNnLibrary library, DeviceOptions options, string cacheFolder) : NpuRuntime
{
    public const string Provider = "armnn";

    readonly Lock _lock = new();
    nint _runtime;
    int _users;

    public override ExecutionDevice Device { get; } = new(Provider, 0, "Mali GPU");

    protected override string FileName => "model.armnn";

    /// <summary>Null where one of the libraries is missing; then <paramref name="cause"/> says which.</summary>
    public static ArmNnRuntime? TryFind(DeviceOptions options, string cacheFolder, out string cause)
    {
        if (!NativeLibrary.TryLoad(ArmNnLibrary.DriverFileName, out _))
        {
            cause = $"Unable to load shared library '{ArmNnLibrary.DriverFileName}'";
            return null;
        }

        try
        {
            cause = "";
            return new ArmNnRuntime(new ArmNnLibrary(ArmNnLibrary.DriverFileName, ArmNnLibrary.FileName), options, cacheFolder);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            cause = e.Message;
            return null;
        }
    }

    public override ModelSession Load(ModelKey key, string path)
    {
        lock (_lock)
        {
            try
            {
                return Open(key, path);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw key.Unusable($"does not load through ARM NN: {path}: {e.Message}.", e);
            }
            finally
            {
                LetGo();
            }
        }
    }

    ArmNnSession Open(ModelKey key, string path)
    {
        if (_users++ == 0)
        {
            // It wants both files to exist; what it writes there saves tens of seconds at the next start.
            string tuned = Path.Combine(cacheFolder, "gpu-tuning.ann");
            File.Open(tuned, FileMode.OpenOrCreate).Dispose();
            _runtime = library.Init(options.AnnTuningLevel, tuned);
        }

        string? compiled = Path.ChangeExtension(path, ".anncache");
        bool saves = TryCreate(ref compiled);
        int network = library.Load(_runtime, path, options.AnnFp16Turbo, saves, compiled);
        if (network < 0)
        {
            if (saves)
            {
                File.Delete(compiled!);
            }

            throw new InvalidDataException("the runtime refuses it");
        }

        try
        {
            var session = new ArmNnSession(key, library, _runtime, network, Unload);
            _users++;
            return session;
        }
        catch
        {
            library.Unload(_runtime, network);
            throw;
        }
    }

    /// <summary>True where a new file is to be filled; a folder that cannot be written has none.</summary>
    static bool TryCreate(ref string? compiled)
    {
        try
        {
            if (File.Exists(compiled))
            {
                return false;
            }

            File.Create(compiled!).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            compiled = null;
            return false;
        }
    }

    void Unload(int network)
    {
        lock (_lock)
        {
            library.Unload(_runtime, network);
            LetGo();
        }
    }

    /// <summary>The runtime goes with its last model.</summary>
    void LetGo()
    {
        if (--_users == 0 && _runtime != 0)
        {
            library.Destroy(_runtime);
            _runtime = 0;
        }
    }
}
