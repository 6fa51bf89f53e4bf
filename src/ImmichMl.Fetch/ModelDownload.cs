using System.Text.Json;

namespace ImmichMl.Fetch;

/// <summary>
/// Brings one type of one model into the cache: listing, space on disk, files side by side, verification, and a rename.
/// What is under way lies in CACHE/.partial.
/// </summary>
sealed class ModelDownload(
    ModelOptions options, HubOptions hub, ModelCatalog catalog, ModelStore store, HubClient client, Action<long, long> progress)
{
    const int FilesAtOnce = 4;
    const long SpareBytes = 64L << 20;
    const long MaxConfigBytes = 16 << 20;

    readonly Dictionary<string, long> _received = [];
    long _total;

    /// <param name="key">What to bring.</param>
    /// <param name="replace">Also where it is already, if it was fetched and has not been replaced lately.</param>
    /// <param name="cancellation">Leaves the parts for next time.</param>
    public async Task RunAsync(ModelKey key, bool replace, CancellationToken cancellation)
    {
        CatalogEntry entry = catalog.Find(key) is { HasSource: true } known ? known : throw Unknown(key);
        if (!options.MayDownload || hub.Offline)
        {
            string by = options.MayDownload ? "HF_HUB_OFFLINE" : "MACHINE_LEARNING_DOWNLOAD=off";
            throw new FetchException(
                FetchFault.Operator,
                $"{key} cannot be fetched: this machine is offline by {by}. 'immich-ml models import' brings it from a file.");
        }

        ModelPlace place = store.PlaceOf(key);
        string folder = store.FolderOf(place);
        CacheFiles.RefuseLinks(options.CacheFolder, folder);
        string partial = Path.Combine(options.CacheFolder, ".partial", place.Path);
        CacheFiles.RefuseLinks(options.CacheFolder, partial);
        Directory.CreateDirectory(options.CacheFolder);
        using ModelLock held = await ModelLock.TakeAsync(options.CacheFolder, place, TimeProvider.System, cancellation);
        bool isThere = store.Has(key);
        if (isThere && !replace)
        {
            return;
        }

        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (isThere && store.RecordOf(key)?.MayBeReplaced(now) != true)
        {
            throw new FetchException(
                FetchFault.Operator, $"{key} is not fetched again: it was not fetched in the first place, or has been replaced lately.");
        }

        if (isThere && !await IsDamagedAsync(key, folder, cancellation))
        {
            throw new FetchException(FetchFault.Operator, $"{key} is not fetched again: its files are as they came.");
        }

        IReadOnlyList<HubFile> files = await PlanAsync(entry, place, cancellation);
        _total = files.Sum(file => file.Digest.Size ?? 0);
        CheckFreeSpace(files, partial);
        await Parallel.ForEachAsync(
            files, new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellation },
            async (file, stop) => await new FileDownload(client, file, PartOf(partial, file), bytes => Report(file, bytes)).RunAsync(stop));
        await InstallAsync(entry, key.Kind.Type, files, partial, folder, isThere ? now : null, cancellation);
    }

    /// <summary>
    /// Good files that did not load, for want of memory or of permissions, are not thrown away. What cannot be read throws.
    /// </summary>
    async Task<bool> IsDamagedAsync(ModelKey key, string folder, CancellationToken cancellation) =>
        store.RecordOf(key) is not { } record
        || (await ModelVerifier.CompareAsync(folder, record, cancellation)).Count > 0
        || (key.Kind == ModelKind.ClipTextual && !IsJson(Path.Combine(Path.GetDirectoryName(folder)!, CacheFiles.ConfigFileName)));

    /// <summary>The configuration belongs to all types of a model, so that it stands in no record.</summary>
    static bool IsJson(string file)
    {
        try
        {
            using FileStream json = ModelFile.Open(file, MaxConfigBytes);
            using var document = JsonDocument.Parse(json);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>OCR's single files are all of the main revision; every other one is the hub's.</summary>
    async Task<IReadOnlyList<HubFile>> PlanAsync(CatalogEntry entry, ModelPlace place, CancellationToken cancellation)
    {
        string type = place.Kind.Type;
        if (entry.Repo is null && place.Revision == ModelRevision.Main)
        {
            return [.. entry.Files.Where(file => file.Type == type).Select(file =>
                new HubFile($"{type}/{ModelStore.ModelFileName}", Redirected(file.Url), new FileDigest(null, file.Sha256, null)))];
        }

        string repo = $"{hub.Organization}/{place.Name}";
        IReadOnlyList<TreeEntry> tree = await Retries.RunAsync(
            () => client.ListAsync(repo, place.Revision, cancellation), () => 0, cancellation);
        return HubListing.Read(tree, type, path => client.AddressOf(repo, place.Revision, path), Variants);
    }

    string[] Variants =>
        hub.ModelVariants.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    Uri Redirected(string url) =>
        hub.OcrEndpoint.Length > 0 ? new Uri(hub.OcrEndpoint.TrimEnd('/') + new Uri(url).AbsolutePath) : new Uri(url);

    void CheckFreeSpace(IReadOnlyList<HubFile> files, string partial)
    {
        long needed = files.Sum(file => Math.Max(
            0, (file.Digest.Size ?? 0) - (new FileInfo(PartOf(partial, file)) is { Exists: true } part ? part.Length : 0)));
        long free = new DriveInfo(options.CacheFolder).AvailableFreeSpace;
        if (needed + SpareBytes > free)
        {
            throw new FetchException(FetchFault.Operator,
                $"{options.CacheFolder} has {free / 1_000_000} MB free; {(needed + SpareBytes) / 1_000_000} MB are needed.");
        }
    }

    static string PartOf(string partial, HubFile file) => Path.Combine(partial, $"{file.Path}.{file.Digest.Name?[..16] ?? "new"}.part");

    void Report(HubFile file, long bytes)
    {
        lock (_received)
        {
            _received[file.Path] = bytes;
            long sum = _received.Values.Sum();
            progress(sum, Math.Max(_total, sum));
        }
    }

    async Task InstallAsync(
        CatalogEntry entry, string type, IReadOnlyList<HubFile> files, string partial, string folder, DateTimeOffset? replacedAt,
        CancellationToken cancellation)
    {
        string ready = partial + ".new";
        CacheWriter.Remove(ready);
        Directory.CreateDirectory(ready);
        var recorded = new List<RecordedFile>();
        foreach (HubFile file in files.Where(file => file.Path != CacheFiles.ConfigFileName))
        {
            string path = file.Path[(type.Length + 1)..];
            string target = CacheFiles.Resolve(ready, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(PartOf(partial, file), target);
            recorded.Add(new RecordedFile(
                path, new FileInfo(target).Length, file.Digest.Sha256 ?? await ModelVerifier.Sha256Async(target, cancellation))
            {
                Unverified = file.Digest.Name is null,
            });
        }

        new ModelRecord { Origin = ModelRecord.Fetched, ReplacedAt = replacedAt, Revision = store.Revision, Files = recorded }.Write(ready);
        if (entry.Terms is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(ready, CacheFiles.TermsFileName), entry.Terms + "\n", cancellation);
        }

        // In front of the model: who finds the model finds its configuration too.
        string parent = Path.GetDirectoryName(folder)!;
        string own = Path.Combine(parent, CacheFiles.ConfigFileName);
        if (files.FirstOrDefault(file => file.Path == CacheFiles.ConfigFileName) is { } config
            && !(File.Exists(own) && IsSomebodys(parent)))
        {
            CacheWriter.InstallFile(options.CacheFolder, PartOf(partial, config), own);
        }

        CacheWriter.Install(options.CacheFolder, ready, folder, keep: true);
        CacheWriter.Remove(partial);
    }

    /// <summary>True where another type of this model is there and was not fetched: its configuration is the user's.</summary>
    static bool IsSomebodys(string parent) => Directory.EnumerateDirectories(parent)
        .Any(type => File.Exists(Path.Combine(type, ModelStore.ModelFileName)) && ModelRecord.Read(type)?.Origin != ModelRecord.Fetched);

    FetchException Unknown(ModelKey key)
    {
        IReadOnlyList<string> near = catalog.NearMatches(key.Name, key.Kind.Task);
        return new FetchException(
            FetchFault.Unknown, $"No model {key} can be fetched.{(near.Count > 0 ? $" Near it: {string.Join(", ", near)}." : "")}");
    }
}
