using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImmichMl.Models;

/// <summary>The names that Immich knows, by task (models/catalog.json, compiled in). It says nothing about what is in the cache.</summary>
public sealed partial class ModelCatalog
{
    readonly Dictionary<string, string[]> _names;

    public ModelCatalog()
    {
        using Stream json = typeof(ModelCatalog).Assembly.GetManifestResourceStream("catalog.json")
            ?? throw new InvalidOperationException("catalog.json was not compiled in.");
        _names = JsonSerializer.Deserialize(json, CatalogJson.Default.DictionaryStringStringArray)
            ?? throw new InvalidOperationException("catalog.json is empty.");
    }

    public bool Contains(ModelKey key) => NamesOf(key.Kind.Task).Contains(key.Name, StringComparer.Ordinal);

    public IReadOnlyList<string> NamesOf(string task) => _names.GetValueOrDefault(task, []);

    [JsonSerializable(typeof(Dictionary<string, string[]>))]
    internal sealed partial class CatalogJson : JsonSerializerContext;
}
