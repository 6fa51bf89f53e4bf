using ImmichMl.Inference.Accelerators;
using ImmichMl.Inference.Devices;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Loading;

/// <summary>Finds, once at the start, what models can run on. ONNX Runtime is loaded only where something may be found.</summary>
public sealed class DeviceDiscovery
{
    readonly DeviceOptions _options;
    readonly RuntimeChoice _runtime;
    readonly string _forced;
    readonly List<string> _remarks = [];
    readonly List<string> _troubles = [];
    readonly List<ExecutionDevice> _devices = [];
    readonly List<NpuRuntime> _npus = [];

    // Why a provider is not there, by its word.
    readonly Dictionary<string, string> _causes = [];

    DeviceDiscovery(DeviceOptions options, RuntimeChoice runtime)
    {
        (_options, _runtime) = (options, runtime);
        _forced = options.Provider.Trim().ToLowerInvariant() is "auto" ? "" : options.Provider.Trim().ToLowerInvariant();
    }

    /// <summary>What is there. A device counts only after a small run on it.</summary>
    /// <param name="options">What the user wants.</param>
    /// <param name="cacheFolder">Where ARM NN keeps what it has tuned.</param>
    /// <exception cref="ProviderMissingException">MACHINE_LEARNING_PROVIDER asks for what is not there.</exception>
    public static DeviceList Find(DeviceOptions options, string cacheFolder)
    {
        var search = new DeviceDiscovery(options, RuntimeChoice.Of(options).Use());
        if (search._forced == ExecutionDevice.CpuProvider && !options.PlacesAnything)
        {
            return new DeviceList(options, [], [], [], ["MACHINE_LEARNING_PROVIDER=cpu: nothing else was looked for"]);
        }

        search.FindNpus(cacheFolder);
        search.FindPlugIns();
        search.FindBuiltIn();
        return search.Choose();
    }

    void FindNpus(string cacheFolder)
    {
        if (_options.Rknn || _forced == RknnRuntime.Provider)
        {
            Take(RknnRuntime.Provider, RknnRuntime.TryFind(_options, out string cause), cause);
        }

        if (_options.Ann || _forced == ArmNnRuntime.Provider)
        {
            Take(ArmNnRuntime.Provider, ArmNnRuntime.TryFind(_options, cacheFolder, out string cause), cause);
        }
    }

    void Take(string provider, NpuRuntime? runtime, string cause)
    {
        if (runtime is not null)
        {
            _npus.Add(runtime);
            _remarks.Add($"{runtime.Device}: {runtime.Device.Name}");
        }
        else
        {
            _causes[provider] = cause;
        }
    }

    void FindPlugIns()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in _options.ManifestFolders.SelectMany(Manifests))
        {
            try
            {
                ProviderManifest manifest = ProviderManifest.Read(file);
                if (manifest.Runtime.Length == 0 && seen.Add(manifest.Name))
                {
                    Register(manifest);
                }
            }
            catch (FormatException e)
            {
                Trouble(e.Message);
            }
        }
    }

    IEnumerable<string> Manifests(string folder)
    {
        try
        {
            return [.. ProviderManifest.FilesOf(folder)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Trouble($"{folder} cannot be read: {e.Message}");
            return [];
        }
    }

    void Register(ProviderManifest manifest)
    {
        try
        {
            OrtEnv runtime = RuntimeLibrary.Environment;
            if (RuntimeLibrary.TryRegister(manifest.Name, manifest.Library))
            {
                _remarks.Add($"{manifest.Provider}: {manifest.Library}");
            }

            OrtEpDevice[] found = [.. runtime.GetEpDevices().Where(device => device.EpName == manifest.Name)];
            if (found.Length == 0)
            {
                Miss(manifest.Provider, $"{manifest.Library} finds no device of its kind");
            }

            Add(manifest.Provider, found, manifest.Options);
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException)
        {
            Miss(manifest.Provider, $"{manifest.Library} cannot be used: {e.Message}");
        }
    }

    /// <summary>A GPU goes before an NPU, and both before a provider that runs on the CPU.</summary>
    void Add(string provider, IEnumerable<OrtEpDevice> found, IReadOnlyDictionary<string, string> options)
    {
        int id = 0;
        foreach (OrtEpDevice handle in found.OrderBy(device => device.HardwareDevice.Type switch
        {
            OrtHardwareDeviceType.GPU => 0, OrtHardwareDeviceType.NPU => 1, _ => 2,
        }))
        {
            string name = handle.HardwareDevice.Metadata.Entries.TryGetValue("Description", out string? text) && text.Length > 0
                ? text
                : $"{handle.HardwareDevice.Vendor} {handle.HardwareDevice.Type}".Trim();
            long memory = DeviceMemory.Of(provider, id)?.Total ?? 0;
            Try(new ExecutionDevice(provider, id, name) { Handle = handle, Options = options, MemoryBytes = memory });
            id++;
        }
    }

    /// <summary>Another build of ONNX Runtime may bring accelerators of its own.</summary>
    void FindBuiltIn()
    {
        if (_runtime.Folder.Length == 0)
        {
            if (_runtime.Unused is { } reason)
            {
                _causes["cuda"] = reason;
                Trouble(reason);
            }

            return;
        }

        try
        {
            OrtEnv runtime = RuntimeLibrary.Environment;
            _remarks.Add($"ONNX Runtime {runtime.GetVersionString()} in {_runtime.Folder}");
            foreach (string name in runtime.GetAvailableProviders())
            {
                if (KnownProviders.WordOf(name) is not { } provider || _devices.Any(device => device.Provider == provider))
                {
                    continue;
                }

                OrtEpDevice[] listed = [.. runtime.GetEpDevices().Where(device => device.EpName == name)];
                if (listed.Length > 0)
                {
                    Add(provider, listed, new Dictionary<string, string>());
                    continue;
                }

                foreach (int id in _options.Ids)
                {
                    Try(new ExecutionDevice(provider, id, name) { MemoryBytes = DeviceMemory.Of(provider, id)?.Total ?? 0 });
                }
            }
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException)
        {
            throw new ProviderMissingException($"ONNX Runtime in {_runtime.Folder}: {e.Message}");
        }
    }

    void Try(ExecutionDevice device)
    {
        try
        {
            DeviceProbe.Run(device);
            _devices.Add(device);
            _remarks.Add($"{device}: {device.Name}");
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or EntryPointNotFoundException or DeviceLostException)
        {
            Miss(device.Provider, $"{device} ({device.Name}) does not run: {e.Message}");
        }
    }

    void Miss(string provider, string cause)
    {
        _causes[provider] = cause;
        Trouble($"{provider} is not used: {cause}");
    }

    void Trouble(string text)
    {
        _troubles.Add(text);
        _remarks.Add(text);
    }

    DeviceList Choose()
    {
        if (_forced == ExecutionDevice.CpuProvider || _npus.Any(npu => npu.Device.Provider == _forced))
        {
            return new DeviceList(_options, _devices, [], _npus, _remarks, _troubles);
        }

        string provider = _forced.Length > 0 ? _forced
            : _devices.Select(device => device.Provider).OrderBy(KnownProviders.Rank).FirstOrDefault() ?? "";
        ExecutionDevice[] ofIt = [.. _devices.Where(device => device.Provider == provider)];
        ExecutionDevice[] chosen = [.. ofIt.Where(device => _options.Ids.Contains(device.Id))];
        foreach (int id in _options.Ids.Where(id => ofIt.Length > 0 && ofIt.All(device => device.Id != id)))
        {
            Trouble($"MACHINE_LEARNING_DEVICE_IDS names {provider}:{id}, which is not there");
        }

        if (_forced.Length > 0 && chosen.Length == 0)
        {
            string cause = ofIt.Length > 0
                ? $"it has {string.Join(" and ", ofIt.AsEnumerable())}, and MACHINE_LEARNING_DEVICE_IDS is {_options.DeviceIds}"
                : _causes.GetValueOrDefault(_forced, $"no manifest in {string.Join(" or ", _options.ManifestFolders)} is of it");
            throw new ProviderMissingException($"MACHINE_LEARNING_PROVIDER={_options.Provider} is not there: {cause}.");
        }

        return new DeviceList(_options, _devices, chosen, _npus, _remarks, _troubles);
    }
}
