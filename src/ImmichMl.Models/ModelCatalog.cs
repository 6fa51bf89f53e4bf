namespace ImmichMl.Models;

/// <summary>
/// The models that are known by name: Immich's (models/catalog.json, compiled in) and the user's own (CACHE/catalog.d/*.json). It says
/// nothing about what is in the cache.
/// </summary>
public sealed class ModelCatalog
{
    const int MaxUserFiles = 100;
    const long MaxUserFileBytes = 1 << 20;

    readonly List<CatalogEntry> _entries;

    public ModelCatalog()
    {
        using Stream json = typeof(ModelCatalog).Assembly.GetManifestResourceStream("catalog.json")
            ?? throw new InvalidOperationException("catalog.json was not compiled in.");
        CatalogDocument document = JsonSerializer.Deserialize(json, ModelsJson.Default.CatalogDocument)
            ?? throw new InvalidOperationException("catalog.json is empty.");
        _entries = [.. document.Models.Select(entry => entry with { Terms = entry.Terms is { } word ? document.Terms[word] : null })];
    }

    internal ModelCatalog(IEnumerable<CatalogEntry> entries) => _entries = [.. entries];

    /// <summary>With the user's own entries. They name no source: whoever can write to the cache must not steer the fetcher.</summary>
    public ModelCatalog(ModelOptions options)
        : this()
    {
        string folder = Path.Combine(options.CacheFolder, "catalog.d");
        if (!Directory.Exists(folder))
        {
            return;
        }

        try
        {
            foreach (string file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).Take(MaxUserFiles))
            {
                AddUserFile(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _faults.Add($"{folder}: {e.Message}");
        }
    }

    /// <summary>Files of catalog.d that were passed over, each with the reason.</summary>
    public IReadOnlyList<string> Faults => _faults;

    readonly List<string> _faults = [];

    public bool Contains(ModelKey key) => Find(key) is not null;

    /// <summary>The entry of this name that has the key's type; null where there is none.</summary>
    public CatalogEntry? Find(ModelKey key) =>
        Find(key.Kind.Task, key.Name) is { } entry && entry.Types.Contains(key.Kind.Type) ? entry : null;

    public CatalogEntry? Find(string task, string name) => _entries.FirstOrDefault(entry => entry.Task == task && entry.Name == name);

    public IReadOnlyList<string> NamesOf(string task) => [.. _entries.Where(entry => entry.Task == task).Select(entry => entry.Name)];

    /// <summary>Every entry of this name; a name may stand for models of several tasks.</summary>
    public IReadOnlyList<CatalogEntry> Named(string name) => [.. _entries.Where(entry => entry.Name == name)];

    /// <summary>Names of a task, or of all of them, that somebody may have meant.</summary>
    public IReadOnlyList<string> NearMatches(string name, string? task = null) =>
        NearNames.Of(name, _entries.Where(entry => task is null || entry.Task == task).Select(entry => entry.Name).Distinct());

    void AddUserFile(string file)
    {
        try
        {
            using FileStream json = ModelFile.Open(file, MaxUserFileBytes);
            foreach (CatalogEntry entry in JsonSerializer.Deserialize(json, ModelsJson.Default.CatalogDocument)?.Models ?? [])
            {
                AddUserEntry(file, entry);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            _faults.Add($"{file}: {e.Message}");
        }
    }

    void AddUserEntry(string file, CatalogEntry entry)
    {
        if (entry is not { Name: not null, Task: not null, Types: not null })
        {
            _faults.Add($"{file}: an entry has no name, no task or no types");
        }
        else if (!ModelKey.IsClean(entry.Name) || entry.Types.Count == 0
            || entry.Types.Any(type => !ModelKind.All.Contains(new ModelKind(entry.Task, type))))
        {
            _faults.Add($"{file}: {entry.Name} has a name, a task or a type that no model can have");
        }
        else if (Find(entry.Task, entry.Name) is null)
        {
            _entries.Add(entry with { Repo = null, Files = [] });
        }
    }
}
