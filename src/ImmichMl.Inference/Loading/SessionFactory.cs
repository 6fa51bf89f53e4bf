using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models.Copies;

namespace ImmichMl.Inference.Loading;

/// <summary>Makes sessions from model files, all with the same settings.</summary>
public sealed class SessionFactory(RuntimeOptions options, PreparedModels? prepared = null, DeviceList? devices = null)
{
    // Of a file. A second session of the model itself holds its weights once more; those of larger models come from prepared copies.
    const long MostHeldTwice = 32_000_000;

    readonly SessionSettings _settings = new(options);
    readonly DeviceList _devices = devices ?? DeviceList.CpuOnly;

    /// <summary>A model of <typeparamref name="T"/> around a session; where <paramref name="wrap"/> throws, the session goes.</summary>
    /// <exception cref="ModelException">The file will not load or does not fit; the message says why.</exception>
    public T Load<T>(ModelKey key, string path, Func<ModelSession, T> wrap)
    {
        ModelSession session = Create(key, path);
        try
        {
            return wrap(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>The model where it is placed: on an accelerator, or on the CPU.</summary>
    /// <exception cref="ModelException">The file will not load; the message says why.</exception>
    /// <exception cref="InferenceException">Memory does not suffice, also after what lay free went back.</exception>
    public ModelSession Create(ModelKey key, string path)
    {
        ModelFile.CheckModel(key, path);
        CheckSidecars(key, path);
        return _devices.For(key.Kind).Devices.All(device => device.IsCpu)
            && !_devices.NpusFor(key.Kind).Any(npu => npu.Find(path) is not null)
            ? OnCpu(key, path)
            : new PlacedSession(key, _devices, () => OnDevices(key, path));
    }

    /// <summary>Weights in a form that ONNX Runtime does not know: it reads them by offset, whatever their head says.</summary>
    /// <exception cref="ModelException">Head and graph contradict one another.</exception>
    static void CheckSidecars(ModelKey key, string path)
    {
        string looked = path;
        try
        {
            string[] sidecars = Directory.GetFiles(Path.GetDirectoryName(path)!, "*.safetensors");
            IReadOnlyList<StoredTensor> tensors = sidecars.Length > 0 ? StoredTensor.ReadAll(path) : [];
            foreach (string sidecar in sidecars)
            {
                looked = sidecar;
                SafetensorsFile.Check(sidecar, tensors.Where(tensor => tensor.Location == Path.GetFileName(sidecar)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw ModelFile.FaultOf(key, looked, e);
        }
    }

    /// <summary>On every device that it may be on and loads on; on the CPU where there is none.</summary>
    List<(ExecutionDevice, ModelSession)> OnDevices(ModelKey key, string path)
    {
        foreach (NpuRuntime npu in _devices.NpusFor(key.Kind))
        {
            try
            {
                if (npu.Find(path) is { } file)
                {
                    return [(npu.Device, npu.Load(key, file))];
                }
            }
            catch (ModelException e)
            {
                _devices.Warn(e.Message);
            }
        }

        var loaded = new List<(ExecutionDevice, ModelSession)>();
        foreach (ExecutionDevice device in _devices.For(key.Kind).Devices)
        {
            try
            {
                loaded.Add((device, device.IsCpu ? OnCpu(key, path) : OnDevice(key, path, device)));
            }
            catch (Exception e) when (!device.IsCpu && e is OnnxRuntimeException or NotSupportedException)
            {
                if (KnownProviders.TellsOfLoss(e.Message))
                {
                    _devices.Lose(new DeviceLostException(device, e));
                }

                _devices.Warn($"Model {key} does not load on {device}: {e.Message}");
            }
        }

        return loaded.Count > 0 ? loaded : [(_devices.Cpu, OnCpu(key, path))];
    }

    DeviceSession OnDevice(ModelKey key, string path, ExecutionDevice device)
    {
        bool records = KnownProviders.UsesGraphs(device, key, _devices.Options);
        string engines = Path.Combine(Path.GetDirectoryName(path)!, ".engines", device.Provider);
        MakeFolder(engines);
        using SessionOptions session = _settings.Of(key.Kind, options.ChosenIntraOpThreads, sharesArena: false);
        DeviceBinding.Append(
            session, device, KnownProviders.OptionsFor(device, key, _devices.Options, engines), _devices.Options.GpuSharedArena);
        return new DeviceSession(key, device, path, session, records);
    }

    /// <summary>Where a provider keeps what it compiles; in a cache that cannot be written it compiles at every load.</summary>
    static void MakeFolder(string engines)
    {
        try
        {
            Directory.CreateDirectory(engines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing is lost but time.
        }
    }

    ModelSession OnCpu(ModelKey key, string path)
    {
        try
        {
            return Open(key, path);
        }
        catch (InferenceException e) when (e.Fault == InferenceFault.OutOfMemory)
        {
            OnnxSession.FreeMemory();
            return Open(key, path);
        }
    }

    ModelSession Open(ModelKey key, string path)
    {
        try
        {
            _ = RuntimeLibrary.Environment;
            return prepared?.Find(key, path) is { } copy && TryOpenPrepared(key, path, copy) is { } session
                ? session
                : OpenSource(key, path);
        }
        catch (OnnxRuntimeException e) when (OnnxSession.IsOutOfMemory(e))
        {
            throw new InferenceException(InferenceFault.OutOfMemory, $"Memory does not suffice to load model {key}.", e);
        }
        catch (OnnxRuntimeException e) when (OnnxSession.IsPassing(e))
        {
            throw new ModelException(
                ModelFault.Unavailable, $"Model {key} will not load now: {e.Message}", e) { RetryAfter = TimeSpan.FromSeconds(10) };
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException)
        {
            throw key.Unusable($"will not load: {e.Message}", e);
        }
    }

    OnnxSession OpenSource(ModelKey key, string path)
    {
        int threads = options.ChosenIntraOpThreads;
        bool hasKinds = threads > 1 && SourceIdentity.BytesOf(path) <= MostHeldTwice;
        InferenceSession first = Open(threads);
        var sessions = new GraphSessions(first, hasKinds ? _ => Open(1) : null, hasKinds, isPacked: true);
        OnnxSession loaded = OnnxSession.Over(key, first, options.ArenaKeep, sessions);
        prepared?.Want(key, path);
        return loaded;

        InferenceSession Open(int threads)
        {
            using SessionOptions session = _settings.Of(key.Kind, threads);
            return LeanGraphs.Open(key.Kind, path, session);
        }
    }

    /// <summary>
    /// A session over the copy, if it is what was written and answers as the model did when it was made. Its files are read through beside
    /// the load and the trial, where that was not done since they last changed.
    /// </summary>
    PreparedSession? TryOpenPrepared(ModelKey key, string path, PreparedCopy copy)
    {
        if (copy.GraphFault() is { } broken)
        {
            prepared!.Discard(key, copy, broken);
            return null;
        }

        int threads = options.ChosenIntraOpThreads;
        bool isKnown = prepared!.Verified.IsUntouched(copy);
        string? damage = null;
        var reader = new Thread(() => damage = FaultOf(copy)) { IsBackground = true, Name = "copy reader" };
        InferenceSession? first = null;
        string? fault;
        reader.Start();
        try
        {
            // Without packing, products of whole numbers are calculated in single precision: slowly, and to other numbers.
            first = OpenCopy(key.Kind, copy.Graph, threads, packs: copy.Gate is not null);
            fault = isKnown ? null : copy.Fault(first);
        }
        catch (OnnxRuntimeException e) when (!OnnxSession.IsOutOfMemory(e))
        {
            fault = $"it will not load: {e.Message}";
        }
        catch
        {
            first?.Dispose();
            throw;
        }
        finally
        {
            reader.Join();
        }

        // What the files are tells more than what came of it.
        if ((damage ?? fault) is { } reason)
        {
            first?.Dispose();
            prepared.Discard(key, copy, reason);
            return null;
        }

        // The weights are mapped once: a session more costs little.
        prepared.MarkUsed(copy);
        prepared.Announce(key, path, copy);
        prepared.Want(key, path);
        var sessions = new GraphSessions(
            first!, isOneOfMany => OpenPacked(key, copy, isOneOfMany ? 1 : threads), hasKinds: threads > 1,
            () => prepared.Discard(key, copy, "its packed sessions will not open"), isPacked: copy.Gate is not null);
        return new PreparedSession(
            key, copy, OnnxSession.Over(key, first!, options.ArenaKeep, sessions), prepared, () => OpenSource(key, path));
    }

    /// <summary>On a thread where nobody else would catch what it throws.</summary>
    string? FaultOf(PreparedCopy copy)
    {
        try
        {
            return copy.Gate is null ? prepared!.Verified.Fault(copy) : prepared!.Verified.WholeFault(copy);
        }
        catch (Exception e)
        {
            return $"it cannot be read: {e.Message}";
        }
    }

    /// <exception cref="InvalidDataException">Its packed weights are not what was written.</exception>
    InferenceSession OpenPacked(ModelKey key, PreparedCopy copy, int threads)
    {
        if (prepared!.Verified.WholeFault(copy) is not { } fault)
        {
            return OpenCopy(key.Kind, copy.Graph, threads, packs: true);
        }

        prepared.Discard(key, copy, fault);
        throw new InvalidDataException(fault);
    }

    InferenceSession OpenCopy(ModelKind kind, string graph, int threads, bool packs)
    {
        using SessionOptions session = _settings.OfCopy(kind, threads, packs);
        return new InferenceSession(graph, session);
    }
}
