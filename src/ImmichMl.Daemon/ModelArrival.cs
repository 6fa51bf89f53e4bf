using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using ImmichMl.Protocol.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon;

/// <summary>
/// What happens when a model of the catalogue is asked for and is not here: it is fetched, once however many ask. Requests wait in front
/// of the queue, each for as long as its own patience lasts.
/// </summary>
sealed class ModelArrival(
    ModelOptions options, HubOptions hub, ModelCatalog catalog, ModelStore store, ISystemdNotifier notifier, IHostApplicationLifetime application, TimeProvider time,
    ILogger<ModelArrival> log)
{
    /// <summary>HTTP clients give up after 300 s.</summary>
    public static readonly TimeSpan BackgroundPatience = TimeSpan.FromSeconds(240);

    static readonly TimeSpan s_interactivePatience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan s_afterFault = TimeSpan.FromSeconds(60);
    static readonly TimeSpan s_longestRetry = TimeSpan.FromMinutes(10);

    readonly Lock _lock = new();
    readonly Dictionary<string, Fetching> _fetching = [];
    readonly Fetcher _fetcher = new(options.CacheFolder, hub);

    sealed class Fetching(ModelKey key, long since)
    {
        public ModelKey Key { get; } = key;

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

    /// <summary>Ends when all are here, or when there is nothing to wait for: what is unknown is told where it is looked for.</summary>
    /// <exception cref="ModelException">One could not be fetched, or has not come in time.</exception>
    public async Task WaitAsync(IEnumerable<ModelKey> keys, TimeSpan patience, CancellationToken cancellation)
    {
        if (!options.MayDownload || hub.Offline)
        {
            return;
        }

        Fetching[] awaited = [.. keys.Where(key => !store.Has(key) && catalog.Find(key) is { HasSource: true }).Select(Begin)];
        long since = time.GetTimestamp();
        foreach (Fetching fetching in awaited)
        {
            try
            {
                TimeSpan left = patience - time.GetElapsedTime(since);
                (int code, string message) = await fetching.Outcome.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellation);
                if (code != 0)
                {
                    throw new ModelException(ModelFault.Unavailable, $"{fetching.Key} could not be fetched: {message}") { RetryAfter = s_afterFault };
                }
            }
            catch (TimeoutException)
            {
                throw new ModelException(ModelFault.Unavailable, $"{fetching.Key} is being fetched: {fetching.Bytes} of {fetching.Total} bytes are here.")
                {
                    RetryAfter = Remaining(fetching),
                };
            }
        }
    }

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
            return [.. _fetching.Values.Where(one => one.FailedAt is null).Select(one => new DownloadProgress(one.Key.Name, one.Bytes, one.Total))];
        }
    }

    /// <summary>Keyed by folder: several OCR names share one detector.</summary>
    Fetching Begin(ModelKey key)
    {
        lock (_lock)
        {
            string folder = store.FolderOf(key);
            if (_fetching.TryGetValue(folder, out Fetching? known) && !(known.FailedAt is { } at && time.GetElapsedTime(at) > s_afterFault))
            {
                return known;
            }

            var begun = new Fetching(key, time.GetTimestamp());
            _fetching[folder] = begun;
            begun.Outcome = Task.Run(() => FetchAsync(folder, begun), CancellationToken.None);
            return begun;
        }
    }

    async Task<FetchOutcome> FetchAsync(string folder, Fetching fetching)
    {
        string model = fetching.Key.ToString();
        log.Fetching(model);
        FetchOutcome outcome;
        try
        {
            outcome = await _fetcher.RunAsync(fetching.Key, replace: false, (bytes, total) => Tell(fetching, bytes, total), application.ApplicationStopping);
            if (outcome.Code == 0 && !store.Has(fetching.Key))
            {
                outcome = new FetchOutcome(3, $"the fetcher has it, but it is not in {folder}: does it serve another cache?");
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            outcome = new FetchOutcome(1, e.Message);
        }

        lock (_lock)
        {
            if (outcome.Code == 0)
            {
                _fetching.Remove(folder);
            }
            else
            {
                fetching.FailedAt = time.GetTimestamp();
            }
        }

        notifier.Notify(new ServiceState("STATUS=Ready"));
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
