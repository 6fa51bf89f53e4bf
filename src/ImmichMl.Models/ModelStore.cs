namespace ImmichMl.Models;

/// <summary>The model cache as it lies on disk, in Immich's own layout. Reads only; <see cref="CacheWriter"/> writes.</summary>
public sealed class ModelStore(ModelOptions options, ModelCatalog catalog)
{
    public const string ModelFileName = "model.onnx";

    /// <summary>Of <see cref="Unreadable"/>.</summary>
    const int MostUnreadable = 10;

    /// <summary>Revisions that a message names.</summary>
    const int MostTold = 5;

    /// <summary>The revision that is served.</summary>
    public string Revision => options.Revision;

    /// <summary>The folder that holds a model's files, whether it is there or not.</summary>
    public string FolderOf(ModelKey key) => FolderOf(PlaceOf(key));

    /// <inheritdoc cref="FolderOf(ModelKey)"/>
    public string FolderOf(ModelPlace place) => Path.Combine(options.CacheFolder, place.Path);

    /// <summary>Where a model belongs, in the revision that is served.</summary>
    public ModelPlace PlaceOf(ModelKey key) => PlaceOf(key, Revision);

    /// <summary>
    /// Where a model belongs. One detector serves every language of OCR: LATIN__PP-OCRv5_mobile detects with PP-OCRv5_mobile, unless it
    /// has one of its own, as newer Immich keeps them.
    /// </summary>
    public ModelPlace PlaceOf(ModelKey key, string revision)
    {
        var own = new ModelPlace(key.Kind, key.Name, revision);
        return SharedName(key) is { } shared && !IsThere(own) ? own with { Name = shared } : own;
    }

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
                foreach (string beside in Directory.EnumerateFileSystemEntries(folder))
                {
                    CacheFiles.RefuseLinks(options.CacheFolder, beside);
                }

                return folder;
            case FileKind.Unreadable:
                ModelFile.CheckModel(key, model);
                break;
        }

        string others = OtherRevisions(key);
        throw others.Length > 0
            ? new ModelException(ModelFault.Unavailable, $"Model {key} is not in the cache in revision {Revision}; {others}.")
            : catalog.Contains(key) || Directory.Exists(Path.GetDirectoryName(folder))
            ? new ModelException(ModelFault.Unavailable, $"Model {key} is not in the cache: {model} is missing.")
            : new ModelException(ModelFault.Unknown, $"No model {key} is known, and none is in the cache.{Suggest(key)}");
    }

    /// <summary>In words, the revisions beside the one that is served in which a model is here; empty where there is none.</summary>
    public string OtherRevisions(ModelKey key) => OtherRevisions(RevisionsOf(key));

    /// <summary>The same of all <paramref name="revisions"/> that are there.</summary>
    public string OtherRevisions(IEnumerable<string> revisions)
    {
        string[] others = [.. revisions.Where(revision => revision != Revision).Distinct().Take(MostTold)];
        return others.Length == 0 ? ""
            : $"revision{(others.Length > 1 ? "s" : "")} {string.Join(", ", others)} {(others.Length > 1 ? "are" : "is")} there";
    }

    /// <summary>How the model came into the cache; null where nobody wrote that down.</summary>
    public ModelRecord? RecordOf(ModelKey key) => ModelRecord.Read(FolderOf(key));

    /// <summary>True also where it cannot be told: what cannot be looked at is not missing.</summary>
    public bool Has(ModelKey key) => IsThere(PlaceOf(key));

    bool IsThere(ModelPlace place) =>
        ModelFile.KindOf(Path.Combine(FolderOf(place), ModelFileName)) is not (FileKind.Missing or FileKind.Folder);

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
                    AddUnreadable(task, task == options.CacheFolder ? 0 : 3, found);
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

    /// <summary>
    /// Every model of the catalogue, and of the cache in the revision that is served, with the bytes it takes on disk, 0 where it is
    /// absent.
    /// </summary>
    public IEnumerable<StoredModel> List() =>
        ListRevisions().Where(model => model.Revision == Revision);

    /// <summary>The same of each revision that is in the cache.</summary>
    public IEnumerable<StoredModel> ListRevisions()
    {
        foreach (ModelKind kind in ModelKind.All)
        {
            HashSet<string> known = [.. catalog.NamesOf(kind.Task)];
            foreach (string name in known.Union(CachedNames(kind)).Order(StringComparer.Ordinal))
            {
                var key = new ModelKey(kind, name);
                foreach (string revision in RevisionsOf(key).Union(known.Contains(name) ? [Revision] : []))
                {
                    yield return new StoredModel(key, revision, BytesOf(PlaceOf(key, revision)));
                }
            }
        }
    }

    /// <summary>Bytes of a model's files; 0 where it is absent or cannot be read.</summary>
    long BytesOf(ModelPlace place)
    {
        var folder = new DirectoryInfo(FolderOf(place));
        try
        {
            return File.Exists(Path.Combine(folder.FullName, ModelFileName))
                ? folder.EnumerateFiles()
                    .Where(file => file.Name is not (ModelRecord.FileName or CacheFiles.TermsFileName) && !Leftovers.Contain(file.Name))
                    .Sum(file => file.Length)
                : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>A folder whose name does not come back from cleaning cannot be asked for by any name.</summary>
    IEnumerable<string> CachedNames(ModelKind kind) =>
        FoldersIn(Path.Combine(options.CacheFolder, kind.Task)).Where(name => ModelKey.IsClean(name) && RevisionsOf(kind, name).Any());

    /// <summary>Revisions in which a model is in the cache, the main one first.</summary>
    IEnumerable<string> RevisionsOf(ModelKey key) =>
        RevisionsOf(key.Kind, key.Name).Union(SharedName(key) is { } shared ? RevisionsOf(key.Kind, shared) : []);

    IEnumerable<string> RevisionsOf(ModelKind kind, string name) =>
        FoldersIn(Path.Combine(options.CacheFolder, kind.Task, name)).Where(ModelRevision.IsFolder).Order(StringComparer.Ordinal)
            .Prepend(ModelRevision.Main)
            .Where(revision => File.Exists(Path.Combine(FolderOf(new ModelPlace(kind, name, revision)), ModelFileName)));

    /// <summary>Names of the folders in one; none where it is not there or cannot be read.</summary>
    static string[] FoldersIn(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? [.. new DirectoryInfo(folder).EnumerateDirectories().Select(one => one.Name)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The name whose detector serves this language's too; null where it is no language's.</summary>
    static string? SharedName(ModelKey key)
    {
        int language = key.Kind == ModelKind.TextDetection ? key.Name.IndexOf("__", StringComparison.Ordinal) : -1;
        return language < 0 || language + 2 == key.Name.Length ? null : key.Name[(language + 2)..];
    }
}
