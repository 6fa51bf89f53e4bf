namespace ImmichMl.Models;

/// <summary>The model cache as it lies on disk, in Immich's own layout. Reads only; <see cref="CacheWriter"/> writes.</summary>
public sealed class ModelStore(ModelOptions options, ModelCatalog catalog)
{
    public const string ModelFileName = "model.onnx";

    /// <summary>Of <see cref="Unreadable"/>.</summary>
    const int MostUnreadable = 10;

    /// <summary>The folder that holds a model's files, whether it is there or not.</summary>
    public string FolderOf(ModelKey key) => Path.Combine(options.CacheFolder, key.Kind.Task, FolderName(key), key.Kind.Type);

    /// <summary>The folder of a model that is in the cache.</summary>
    /// <exception cref="ModelException">No such model is known, or it is known and not here.</exception>
    public string Find(ModelKey key)
    {
        string folder = FolderOf(key);
        string model = Path.Combine(folder, ModelFileName);
        switch (ModelFile.KindOf(model))
        {
            case FileKind.Regular or FileKind.Special:
                CacheFiles.RefuseLinks(options.CacheFolder, model);
                return folder;
            case FileKind.Unreadable:
                ModelFile.CheckModel(key, model);
                break;
        }

        throw catalog.Contains(key) || Directory.Exists(Path.GetDirectoryName(folder))
            ? new ModelException(ModelFault.Unavailable, $"Model {key} is not in the cache: {model} is missing.")
            : new ModelException(ModelFault.Unknown, $"No model {key} is known, and none is in the cache.{Suggest(key)}");
    }

    /// <summary>How the model came into the cache; null where nobody wrote that down.</summary>
    public ModelRecord? RecordOf(ModelKey key) => ModelRecord.Read(FolderOf(key));

    /// <summary>True also where it cannot be told: what cannot be looked at is not missing.</summary>
    public bool Has(ModelKey key) =>
        ModelFile.KindOf(Path.Combine(FolderOf(key), ModelFileName)) is not (FileKind.Missing or FileKind.Folder);

    /// <summary>
    /// Folders of the cache that cannot be looked into, each with the reason: what lies there is in no list. Empty where the cache is not
    /// there.
    /// </summary>
    public IReadOnlyList<string> Unreadable()
    {
        var found = new List<string>();
        switch (ModelFile.KindOf(options.CacheFolder))
        {
            case FileKind.Folder:
                foreach (string task in ModelKind.All.Select(kind => Path.Combine(options.CacheFolder, kind.Task)).Distinct()
                    .Prepend(options.CacheFolder))
                {
                    AddUnreadable(task, task == options.CacheFolder ? 0 : 2, found);
                }

                break;
            case FileKind.Unreadable:
                found.Add($"{options.CacheFolder} cannot be looked at.");
                break;
        }

        return found;
    }

    static void AddUnreadable(string folder, int depth, List<string> found)
    {
        if (found.Count == MostUnreadable || ModelFile.KindOf(folder) == FileKind.Missing)
        {
            return;
        }

        try
        {
            string[] inner = Directory.GetDirectories(folder);
            Array.ForEach(depth > 0 ? inner : [], one => AddUnreadable(one, depth - 1, found));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            found.Add(e.Message);
        }
    }

    string Suggest(ModelKey key) =>
        catalog.NearMatches(key.Name, key.Kind.Task) is { Count: > 0 } near ? $" Near it: {string.Join(", ", near)}." : "";

    /// <summary>Every model of the catalogue and of the cache with the bytes it takes on disk, 0 where it is absent.</summary>
    public IEnumerable<(ModelKey Key, long Bytes)> List()
    {
        foreach (ModelKind kind in ModelKind.All)
        {
            foreach (string name in catalog.NamesOf(kind.Task).Union(CachedNames(kind), StringComparer.Ordinal)
                .Order(StringComparer.Ordinal))
            {
                var key = new ModelKey(kind, name);
                yield return (key, BytesOf(key));
            }
        }
    }

    /// <summary>Bytes of a model's files; 0 where it is absent or cannot be read.</summary>
    long BytesOf(ModelKey key)
    {
        var folder = new DirectoryInfo(FolderOf(key));
        try
        {
            return File.Exists(Path.Combine(folder.FullName, ModelFileName))
                ? folder.EnumerateFiles().Where(file => file.Name is not (ModelRecord.FileName or CacheFiles.TermsFileName))
                    .Sum(file => file.Length)
                : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    IEnumerable<string> CachedNames(ModelKind kind)
    {
        string folder = Path.Combine(options.CacheFolder, kind.Task);
        try
        {
            // A folder whose name does not come back from cleaning cannot be asked for by any name.
            return Directory.Exists(folder)
                ? Directory.GetDirectories(folder)
                    .Where(model => File.Exists(Path.Combine(model, kind.Type, ModelFileName)))
                    .Select(Path.GetFileName).OfType<string>()
                    .Where(ModelKey.IsClean)
                : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>One detector serves every language of OCR: LATIN__PP-OCRv5_mobile detects with PP-OCRv5_mobile.</summary>
    static string FolderName(ModelKey key)
    {
        int language = key.Kind == ModelKind.TextDetection ? key.Name.IndexOf("__", StringComparison.Ordinal) : -1;
        return language < 0 || language + 2 == key.Name.Length ? key.Name : key.Name[(language + 2)..];
    }
}
