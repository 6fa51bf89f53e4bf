using System.Threading.Channels;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Daemon;

/// <summary>
/// Makes the prepared copies of models, one at a time, each in a process of its own (this program with a hidden verb): it takes the
/// memory of a full load and more, this heap is to stay small, and where memory runs out it is the child that goes. The loaded model is
/// then exchanged for its copy.
/// </summary>
sealed class Preparation(
    PreparedModels prepared, SessionCache models, DaemonOptions options, PressureWatch pressure, ModelFootprint footprint,
    TimeProvider time, ILogger<Preparation> log, OwnProgram? own = null)
{
    // Where memory does not suffice for it now.
    static readonly TimeSpan s_later = TimeSpan.FromMinutes(1);

    static readonly TimeSpan s_behind = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_betweenLooks = TimeSpan.FromDays(1);

    // Told once.
    readonly HashSet<ModelKey> _putOff = [];

    // What making a copy takes at its peak beside pages of files, by the model's bytes: for ViT-B/32's 351 MB 593 MB. In int8 both
    // precisions are tried.
    readonly int _bytesPerByte = options.Precisions.Name == Precision.PlainName ? 2 : 3;

    readonly Channel<(ModelKey Key, string Source)> _wanted = Channel.CreateBounded<(ModelKey, string)>(32);

    /// <summary>From now on it hears of copies that are wanted. Without a program of our own (a test has another) none are made.</summary>
    public void Attach()
    {
        prepared.Missing = own is null ? null : (key, source) => _wanted.Writer.TryWrite((key, source));
        prepared.NotMade = (key, reason) => log.NotPrepared(key.ToString(), reason);
        prepared.Discarded = (key, reason) => log.DiscardedCopy(key.ToString(), reason);
        prepared.RunsIn = (key, words) => log.RunsIn(key.ToString(), words);
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        using var looking = new PeriodicTimer(s_betweenLooks, time);
        try
        {
            Task look = RemoveStaleAsync(looking, stopping);
            await foreach ((ModelKey key, string source) in _wanted.Reader.ReadAllAsync(stopping))
            {
                // What the model was loaded for is answered first, on all cores.
                await Task.Delay(s_behind, time, stopping);
                await PrepareAsync(key, source, stopping);
            }

            await look;
        }
        catch (OperationCanceledException)
        {
            // Told to stop.
        }
    }

    async Task RemoveStaleAsync(PeriodicTimer looking, CancellationToken stopping)
    {
        do
        {
            await Task.Run(RemoveStale, stopping);
        }
        while (await looking.WaitForNextTickAsync(stopping));
    }

    void RemoveStale()
    {
        try
        {
            foreach (string stale in prepared.RemoveStale(time.GetUtcNow().UtcDateTime))
            {
                log.RemovedStale(stale);
            }
        }
        catch (Exception e)
        {
            // Whatever it was: nobody waits for this, and it is looked again tomorrow.
            log.StaleLookFailed(e.Message);
        }
    }

    async Task PrepareAsync(ModelKey key, string source, CancellationToken stopping)
    {
        long since = time.GetTimestamp(), needed = footprint.OfFiles(key) * _bytesPerByte;
        if (!pressure.HasRoom(needed))
        {
            PutOff(key, source, needed, stopping);
            return;
        }

        using var scarce = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        void Stop() => scarce.CancelSafely(log.CancelFailed);
        pressure.BecameCritical += Stop;
        try
        {
            (int code, string told) =
                await own!.RunAsync(options, scarce.Token, DaemonHost.PrepareVerb, key.Kind.Task, key.Kind.Type, key.Name);
            if (code != ExitCode.Ok)
            {
                string why = OwnProgram.WhyEnded(code, told);
                prepared.RememberFailure(key, source, why);
                log.NotPrepared(key.ToString(), why);
            }
            else if (!told.StartsWith(PreparedModels.Made, StringComparison.Ordinal))
            {
                log.NotPrepared(key.ToString(), told);
            }
            else
            {
                log.Prepared(key.ToString(), time.GetElapsedTime(since).TotalSeconds, told);
                await models.ReloadAsync(key);
                NativeHeap.Trim();
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            prepared.ForgetTry(key, source);
            PutOff(key, source, needed, stopping);
        }
        catch (OperationCanceledException)
        {
            prepared.ForgetTry(key, source);
            throw;
        }
        catch (Exception e)
        {
            // Whatever it was: the model answers as it is, and the next one may be prepared.
            log.NotPrepared(key.ToString(), e.Message);
        }
        finally
        {
            pressure.BecameCritical -= Stop;
        }
    }

    /// <summary>Others come first meanwhile.</summary>
    void PutOff(ModelKey key, string source, long needed, CancellationToken stopping)
    {
        if (_putOff.Add(key))
        {
            log.PreparedLater(key.ToString(), needed / 1_000_000);
        }

        _ = WantLaterAsync();

        async Task WantLaterAsync()
        {
            await Task.Delay(s_later, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _wanted.Writer.TryWrite((key, source));
        }
    }
}
