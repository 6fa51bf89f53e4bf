using System.Text.Json;

namespace ImmichMl.Inference.Devices;

/// <summary>
/// What a package of an accelerator says of itself, in JSON: <c>provider</c> (our word for it), <c>library</c> (beside the manifest, or a
/// whole path), and, where they are not known to us, <c>name</c> (ONNX Runtime's) and <c>options</c>. In place of a library it may name
/// <c>onnxruntime</c>, the folder of another build of ONNX Runtime that has the provider in it.
/// </summary>
sealed record ProviderManifest(string Provider, string Name, string Library, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>Folder of another build of ONNX Runtime; empty where the manifest is of a plug-in.</summary>
    public string Runtime { get; init; } = "";

    const long MaxBytes = 65536;

    /// <exception cref="FormatException">It is no such manifest; the message says why.</exception>
    public static ProviderManifest Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
            {
                throw new FormatException($"{path} is larger than {MaxBytes} bytes.");
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            string provider = Text(root, "provider") ?? throw new FormatException($"{path} names no 'provider'.");
            string? runtime = Text(root, "onnxruntime");
            string library = Text(root, "library") ?? runtime ?? throw new FormatException($"{path} names no 'library'.");
            string name = Text(root, "name") ?? KnownProviders.NamesOf(provider).FirstOrDefault()
                ?? throw new FormatException($"{path} names no 'name', and '{provider}' is not known here.");
            string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return new ProviderManifest(provider.ToLowerInvariant(), name, Path.GetFullPath(library, folder), OptionsOf(root, path))
            {
                Runtime = runtime is null ? "" : Path.GetFullPath(runtime, folder),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The manifests of a folder and of the folders in it, by name; none where there is no such folder.</summary>
    public static IEnumerable<string> FilesOf(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Prepend(folder).SelectMany(each => Directory.EnumerateFiles(each, "*.json"))
            .Order(StringComparer.Ordinal)
        : [];

    static string? Text(JsonElement root, string key) => root.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;

    static Dictionary<string, string> OptionsOf(JsonElement root, string path)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root.TryGetProperty("options", out JsonElement given))
        {
            foreach (JsonProperty option in given.EnumerateObject())
            {
                options[option.Name] = option.Value.ValueKind switch
                {
                    JsonValueKind.String => option.Value.GetString()!,
                    JsonValueKind.Number => option.Value.GetRawText(),
                    JsonValueKind.True => "1",
                    JsonValueKind.False => "0",
                    _ => throw new FormatException($"{path}: option '{option.Name}' is neither text nor number nor flag."),
                };
            }
        }

        return options;
    }
}
