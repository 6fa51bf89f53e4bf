using ImmichMl.Daemon.Serving;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Daemon;

/// <summary>
/// What happens when a model of the catalogue is asked for and is not here, or a fetched one will not load: it is fetched, once however
/// many ask. Requests wait in front of the queue, each for as long as its own patience lasts.
/// </summary>
sealed class ModelDownloads(
    ModelOptions options, HubOptions hub, ServeOptions serve, ModelCatalog catalog, ModelStore store, ISystemdNotifier notifier,
    IHostApplicationLifetime application, TimeProvider time, ILogger<ModelDownloads> log)
{
    /// <summary>HTTP clients give up after 300 s.</summary>
    public static readonly TimeSpan BackgroundPatience = TimeSpan.FromSeconds(240);

    static readonly TimeSpan s_interactivePatience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan s_afterFault = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_longestRetry = TimeSpan.FromMinutes(10);

    /// <summary>Requests that wait; what they hold is bounded beside it.</summary>
    const int MostWaiting = 256;

    /// <summary>Of the memory that frames may take, as a divisor.</summary>
    const int ShareOfFrames = 4;

    readonly DownloadWaiting _waiting = new(serve.FrameBytesInFlight / ShareOfFrames, MostWaiting);
    readonly Lock _lock = new();
    readonly Dictionary<string, Fetching> _fetching = [];

    /// <summary>When a copy that would not load was exchanged, for those whose copy failed while that went on.</summary>
    readonly Dictionary<string, long> _replaced = [];
    readonly Fetcher _fetcher = new(options, hub);

    sealed class Fetching(ModelKey key, bool replaces, long since)
    {
        public ModelKey Key { get; } = key;

        /// <summary>A copy is there.</summary>
        public bool Replaces { get; } = replaces;

        public long Since { get; } = since;

        public Task<FetchOutcome> Outcome { get; set; } = Task.FromResult(default(FetchOutcome));

        public long Bytes { get; set; }

        public long Total { get; set; }

        public int ToldPercent { get; set; }

        /// <summary>Set once it has failed: until then nobody tries again.</summary>
        public long? FailedAt { get; set; }
    }

    public static TimeSpan PatienceOf(Lane lane, TimeSpan? deadline)
    {
        TimeSpan longest = lane == Lane.Interactive ? s_interactivePatience : BackgroundPatience;
        return deadline < longest ? deadline.Value : longest;
    }

    /// <summary>Those of them that would have to be fetched.</summary>
    public ModelKey[] Missing(IEnumerable<ModelKey> keys) => MayFetch ? [.. keys.Where(IsMissing)] : [];

    bool MayFetch => options.MayDownload && !hub.Offline;

    bool IsMissing(ModelKey key) => !store.Has(key) && catalog.Find(key) is { HasSource: true };

    /// <summary>
    /// Does what needs models once they are here. A fetched copy that will not load is fetched once more, and it is tried once more.
    /// </summary>
    /// <param name="missing">Those of the models that are to be fetched first.</param>
    /// <param name="patience">How long to wait for downloads.</param>
    /// <param name="use">What needs them; done a second time only when the first ended at a model that would not load.</param>
    /// <param name="cancellation">Ends the waiting; downloads go on.</param>
    /// <param name="holding">Bytes of a frame that is kept meanwhile.</param>
    /// <exception cref="ModelException">One could not be fetched, has not come in time, or will not load; or too much
    /// waits already.</exception>
    /// <exception cref="ProtocolException">The daemon is stopping.</exception>
    public async Task<T> UseAsync<T>(
        IEnumerable<ModelKey> missing, TimeSpan patience, Func<Task<T>> use, CancellationToken cancellation, long holding = 0)
    {
        long since = time.GetTimestamp();
        Fetching[] awaited = [.. missing.Select(key => Begin(key, replace: false))];
        foreach (Fetching fetching in awaited)
        {
            FetchOutcome outcome = await WaitAsync(fetching, patience - time.GetElapsedTime(since), holding, cancellation);
            if (outcome.Code != 0)
            {
                throw new ModelException(ModelFault.Unavailable, NotFetched(fetching.Key, outcome)) { RetryAfter = s_afterFault };
            }
        }

        try
        {
            return await use();
        }
        catch (ModelException fault) when (MayFetch && fault is { Fault: ModelFault.Unusable, Key: { } key }
            && catalog.Find(key) is { HasSource: true })
        {
            if (!await IsReplacedAsync(key, fault, since, patience, holding, cancellation))
            {
                throw;
            }
        }

        return await use();
    }

    string NotFetched(ModelKey key, FetchOutcome outcome) =>
        $"{key} could not be fetched: {outcome.Message}"
        + (store.OtherRevisions(key) is { Length: > 0 } others ? $" In revision {store.Revision} it is not here; {others}." : "");

    /// <summary>True when there is a newer copy than the one that would not load; false when none is to be had.</summary>
    async Task<bool> IsReplacedAsync(
        ModelKey key, ModelException fault, long since, TimeSpan patience, long holding, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_replaced.TryGetValue(store.FolderOf(key), out long at) && at > since)
            {
                return true;
            }
        }

        if (store.RecordOf(key)?.MayBeReplaced(time.GetUtcNow()) != true)
        {
            return false;
        }

        FetchOutcome outcome = await WaitAsync(Begin(key, replace: true), patience - time.GetElapsedTime(since), holding, cancellation);
        return outcome.Code == 0
            ? true
            : throw new ModelException(ModelFault.Unusable, $"{fault.Message} It could not be fetched once more: {outcome.Message}", fault);
    }

    async Task<FetchOutcome> WaitAsync(Fetching fetching, TimeSpan patience, long holding, CancellationToken cancellation)
    {
        CancellationToken stopping = application.ApplicationStopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping);
        using IDisposable? waiting = fetching.Outcome.IsCompleted
            ? null
            : _waiting.TryEnter(holding) ?? throw Begun(fetching, "enough requests wait for downloads");
        try
        {
            FetchOutcome outcome = await fetching.Outcome.WaitAsync(
                patience > TimeSpan.Zero ? patience : TimeSpan.Zero, time, either.Token);
            return outcome.Code != 0 && stopping.IsCancellationRequested ? throw Stopping() : outcome;
        }
        catch (TimeoutException)
        {
            throw Begun(fetching, $"{fetching.Bytes} of {fetching.Total} bytes are here");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Stopping();
        }
    }

    ModelException Begun(Fetching fetching, string what) =>
        new(ModelFault.Unavailable, $"{fetching.Key} is being fetched: {what}.") { RetryAfter = Remaining(fetching) };

    static ProtocolException Stopping() => new(ErrorCode.ShuttingDown, "The daemon is stopping.");

    public bool IsFetching(ModelKey key)
    {
        lock (_lock)
        {
            return _fetching.TryGetValue(store.FolderOf(key), out Fetching? fetching) && fetching.FailedAt is null;
        }
    }

    public IReadOnlyList<DownloadProgress> Snapshot()
    {
        lock (_lock)
        {
            return [.. _fetching.Values.Where(one => one.FailedAt is null)
                .Select(one => new DownloadProgress(one.Key.Name, one.Bytes, one.Total))];
        }
    }

    /// <summary>Keyed by folder: several OCR names share one detector.</summary>
    Fetching Begin(ModelKey key, bool replace)
    {
        lock (_lock)
        {
            string folder = store.FolderOf(key);
            if (_fetching.TryGetValue(folder, out Fetching? known)
                && (known.FailedAt is not { } at || (known.Replaces == replace && time.GetElapsedTime(at) <= s_afterFault)))
            {
                return known;
            }

            var begun = new Fetching(key, replace, time.GetTimestamp());
            _fetching[folder] = begun;
            begun.Outcome = Task.Run(() => FetchAsync(folder, begun, replace), CancellationToken.None);
            return begun;
        }
    }

    async Task<FetchOutcome> FetchAsync(string folder, Fetching fetching, bool replace)
    {
        string model = fetching.Key.ToString();
        if (replace)
        {
            log.FetchingAgain(model);
        }
        else
        {
            log.Fetching(model);
        }

        var outcome = new FetchOutcome(1, "it was given up.");
        try
        {
            outcome = await _fetcher.RunAsync(
                fetching.Key, replace, (bytes, total) => Tell(fetching, bytes, total), application.ApplicationStopping);
            if (outcome.Code == 0 && !store.Has(fetching.Key))
            {
                outcome = new FetchOutcome(3, $"the fetcher has it, but it is not in {folder}: does it serve another cache or revision?");
            }
        }
        catch (Exception e)
        {
            outcome = new FetchOutcome(1, e.Message);
        }
        finally
        {
            End(folder, fetching, outcome);
        }

        if (outcome.Code == 0)
        {
            log.Fetched(model);
        }
        else
        {
            log.FetchFailed(model, outcome.Message);
        }

        return outcome;
    }

    void End(string folder, Fetching fetching, FetchOutcome outcome)
    {
        notifier.Notify(new ServiceState("STATUS=Ready"));
        lock (_lock)
        {
            if (outcome.Code != 0)
            {
                fetching.FailedAt = time.GetTimestamp();
                return;
            }

            _fetching.Remove(folder);
            if (fetching.Replaces)
            {
                _replaced[folder] = time.GetTimestamp();
            }
        }
    }

    void Tell(Fetching fetching, long bytes, long total)
    {
        (fetching.Bytes, fetching.Total) = (bytes, total);
        int percent = (int)(bytes * 100 / Math.Max(1, total));
        notifier.Notify(new ServiceState($"STATUS=Fetching {fetching.Key}: {percent} %"));
        if (percent >= fetching.ToldPercent + 10)
        {
            fetching.ToldPercent = percent;
            log.FetchProgress(fetching.Key.ToString(), percent);
        }
    }

    TimeSpan Remaining(Fetching fetching)
    {
        if (fetching.Bytes <= 0 || fetching.Total <= 0)
        {
            return s_interactivePatience;
        }

        double seconds = time.GetElapsedTime(fetching.Since).TotalSeconds * (fetching.Total - fetching.Bytes) / fetching.Bytes;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, 1, s_longestRetry.TotalSeconds));
    }
}
