namespace ImmichMl.Cli.Doctor;

/// <summary>The model cache: its folder, what of it can be read and written, its models, and the disk below it.</summary>
static class CacheChecks
{
    const long EnoughDisk = 5_000_000_000;
    const int LooksAtMost = 20_000;

    public static IEnumerable<Finding> All(ModelOptions options, PreloadOptions preload)
    {
        string folder = Path.GetFullPath(options.CacheFolder);
        string? trouble = ModelFile.KindOf(folder) switch
        {
            FileKind.Folder => null,
            FileKind.Missing when Directory.Exists(Path.GetDirectoryName(folder)) => $"{folder} is not there",
            FileKind.Missing => $"{folder} is not there, nor is the folder above it",
            FileKind.Unreadable => $"{Environment.UserName} may not look at {folder}",
            _ => $"{folder} is no folder",
        };
        return trouble is null
            ? [Permissions(folder), .. Models(options, preload), Disk(folder)]
            : [new Finding(
                "cache", Verdict.Bad, trouble,
                "Start the service once, which makes it, or set MACHINE_LEARNING_CACHE_FOLDER to the cache of an existing Immich.")];
    }

    static Finding Permissions(string folder)
    {
        string[] closed;
        try
        {
            closed = [.. Entries(folder).Where(entry => !Permission.IsAllowed(
                entry, Directory.Exists(entry) ? Permission.Read | Permission.Write : Permission.Read)).Take(3)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            closed = [e.Message];
        }

        return closed.Length == 0
            ? new Finding("cache", Verdict.Good, $"{folder} can be read and written by {Environment.UserName}")
            : new Finding(
                "cache", Verdict.Bad, $"{Environment.UserName} may not use all of {folder}: {string.Join(", ", closed)}",
                $"If this is not the daemon's user, ask as that user: sudo -u immich-ml immich-ml doctor. "
                + $"Else: chown -R immich-ml: {folder} && chmod -R u+rwX {folder}");
    }

    static IEnumerable<string> Entries(string folder) =>
        new[] { folder }.Concat(Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)).Take(LooksAtMost);

    static IEnumerable<Finding> Models(ModelOptions options, PreloadOptions preload)
    {
        var store = new ModelStore(options, new ModelCatalog(options));
        StoredModel[] cached = [.. store.List().Where(model => model.Bytes > 0)];
        Verdict without = options.MayDownload ? Verdict.Warning : Verdict.Bad;
        string fetching = options.MayDownload
            ? "Immich's are fetched when they are first asked for." : "MACHINE_LEARNING_DOWNLOAD is off: put them there by hand.";
        string size = string.Create(CultureInfo.InvariantCulture, $"{cached.Sum(model => model.Bytes) / 1e9:0.0} GB");
        IReadOnlyList<string> unreadable = store.Unreadable();
        string others = store.OtherRevisions(store.ListRevisions().Where(model => model.Bytes > 0).Select(model => model.Revision));
        others = others.Length > 0 ? $"in revision {store.Revision}; {others}" : "yet";
        yield return unreadable.Count > 0
            ? new Finding(
                "models", Verdict.Bad, $"{cached.Length} can be seen, and not all of the cache: {string.Join(", ", unreadable.Take(3))}",
                "Mend the permissions, as said of the cache.")
            : cached.Length > 0
            ? new Finding("models", Verdict.Good, $"{cached.Length} in the cache, {size}")
            : new Finding("models", without, $"none in the cache {others}", $"{fetching} Or now: immich-ml models pull NAME");
        foreach ((ModelKind kind, string name) in preload.Models.Where(model => !store.Has(new ModelKey(model.Kind, model.Name))))
        {
            yield return new Finding("models", without, $"{kind} {name} is to be preloaded and not in the cache", fetching);
        }
    }

    static Finding Disk(string folder)
    {
        var drive = new DriveInfo(folder);
        string words = string.Create(CultureInfo.InvariantCulture, $"{drive.AvailableFreeSpace / 1e9:0.0} GB free for the cache");
        return drive.AvailableFreeSpace >= EnoughDisk
            ? new Finding("disk", Verdict.Good, words)
            : new Finding(
                "disk", Verdict.Warning, words,
                "A model takes 0.1 to 4 GB, and up to three times that while its faster copy is kept: "
                + "set MACHINE_LEARNING_PREPARE_MODELS=false, or remove models that are not used: immich-ml models rm NAME");
    }
}
