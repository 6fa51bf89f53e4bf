using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Devices;

/// <summary>
/// Which build of ONNX Runtime is used: the setting's, that of an installed package (a manifest with <c>onnxruntime</c>) where the machine
/// has what it needs, or the one beside the program.
/// </summary>
/// <param name="Folder">Empty for the one beside the program.</param>
/// <param name="Unused">Why an installed one is not used, in a sentence; null where none is, or it is used.</param>
public sealed record RuntimeChoice(string Folder, string? Unused)
{
    static readonly RuntimeChoice s_own = new("", null);

    /// <summary>Looks at files alone, and at libraries only where a card is there.</summary>
    public static RuntimeChoice Of(DeviceOptions options) => Of(options, new CudaRequirements());

    internal static RuntimeChoice Of(DeviceOptions options, CudaRequirements cuda)
    {
        if (options.OnnxRuntimeDir.Length > 0)
        {
            return new RuntimeChoice(options.OnnxRuntimeDir, null);
        }

        if ((options.Provider.Trim().Equals(ExecutionDevice.CpuProvider, StringComparison.OrdinalIgnoreCase) && !options.PlacesAnything)
            || options.ManifestFolders.SelectMany(Manifests).FirstOrDefault(manifest => manifest.Runtime.Length > 0) is not { } found)
        {
            return s_own;
        }

        string? missing = !File.Exists(Path.Combine(found.Runtime, RuntimeLibrary.FileName))
            ? $"{Path.Combine(found.Runtime, RuntimeLibrary.FileName)} is missing: install the package again."
            : found.Provider == "cuda" ? cuda.Missing() : null;
        return missing is null ? new RuntimeChoice(found.Runtime, null)
            : new RuntimeChoice("", $"{found.Provider} is installed and not used: {missing}");
    }

    /// <summary>Takes the library from there. Before anything of ONNX Runtime is touched.</summary>
    /// <exception cref="ProviderMissingException">There is none.</exception>
    public RuntimeChoice Use()
    {
        if (Folder.Length > 0)
        {
            RuntimeLibrary.UseFolder(Folder);
        }

        return this;
    }

    /// <summary>Those that can be read; <c>DeviceDiscovery</c> tells of the others.</summary>
    static IEnumerable<ProviderManifest> Manifests(string folder)
    {
        var read = new List<ProviderManifest>();
        try
        {
            foreach (string file in ProviderManifest.FilesOf(folder))
            {
                read.Add(ProviderManifest.Read(file));
            }
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            // What was read counts.
        }

        return read;
    }
}
