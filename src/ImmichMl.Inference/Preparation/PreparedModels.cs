using System.Collections.Concurrent;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models.Copies;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// Copies of models as ONNX Runtime wants them: optimised graph, weights in the kernels' own layout in a file that is mapped. They load
/// faster and cost next to no memory of their own, and belong to one version of ONNX Runtime, one kind of processor, one source. Which is
/// used, made or thrown away is decided here; <see cref="CopyMaking"/> makes them.
/// </summary>
/// <param name="models">Where the cache is.</param>
/// <param name="options">Whether copies are wanted, and what must stay free.</param>
/// <param name="clock">For what is remembered of failed tries.</param>
/// <param name="precisions">What models are to run in; null: all as they are.</param>
public sealed class PreparedModels(
    ModelOptions models, RuntimeOptions options, TimeProvider? clock = null, PrecisionOptions? precisions = null)
{
    /// <summary>Below this a plain load is as fast.</summary>
    const long LeastBytes = 16_000_000;

    static readonly string s_tooSmall = $"it has less than {LeastBytes / 1_000_000} MB";

    readonly TimeProvider _time = clock ?? TimeProvider.System;
    readonly CopyPlaces _places = new(models, options);
    readonly PrecisionOptions _precisions = precisions ?? new PrecisionOptions();

    /// <summary>Copies that are not to be used, and why.</summary>
    readonly ConcurrentDictionary<string, string> _refused = [];

    /// <summary>Which copies were read through and found right.</summary>
    internal VerifiedCopies Verified { get; } = new();

    /// <summary>Told which model lacks a copy that may be made; false where whoever makes them can take no more.</summary>
    public Func<ModelKey, string, bool>? Missing { get; set; }

    /// <summary>Told why a model has no copy, or why one is not used: for the log.</summary>
    public Action<ModelKey, string>? NotMade { get; set; }

    /// <summary>Told of a copy that was thrown away, and why.</summary>
    public Action<ModelKey, string>? Discarded { get; set; }

    /// <summary>Shows a model what copies of another precision are tried with; null for models that have none.</summary>
    public Func<ModelKey, Calibration?>? Calibrate { get; set; }

    /// <summary>Told in which precision a model runs from now on wherever that, or what was before, is not fp32: for the log.</summary>
    public Action<ModelKey, string>? RunsIn { get; set; }

    /// <summary>The copy of a model that may be tried; null where there is none or none is wanted.</summary>
    internal PreparedCopy? Find(ModelKey key, string source) => Wanted(key).Select(precision => Find(key, source, precision))
        .FirstOrDefault(copy => copy is not null);

    /// <summary>The precision that is asked for, and what there is in its place.</summary>
    IEnumerable<Precision> Wanted(ModelKey key) => _precisions.For(key.Kind) is var precision && precision == Precision.Plain
        ? [precision] : [precision, Precision.Plain];

    PreparedCopy? Find(ModelKey key, string source, Precision precision)
    {
        if (!options.PrepareModels || SourceIdentity.BytesOf(source) < LeastBytes)
        {
            return null;
        }

        string identity = SourceIdentity.Of(source), target = _places.Of(source, identity, precision);
        if (_refused.ContainsKey(target) || !Path.Exists(target))
        {
            return null;
        }

        if (CopyTrust.Fault(models.CacheFolder, target) is { } reason)
        {
            Refuse(key, target, reason);
            return null;
        }

        // The settings may ask for more than they did when it was made.
        PreparedCopy? copy = PreparedCopy.Open(target, identity);
        return precision == Precision.Plain || (copy?.Gate is { } gate && precision.Fault(gate.Figures) is null) ? copy : null;
    }

    /// <summary>What a model that is in the cache runs from, or would run from.</summary>
    public CopyStatus StatusOf(ModelKey key, string source)
    {
        Precision wanted = _precisions.For(key.Kind);
        PreparedCopy? copy = Find(key, source);
        string? note = copy?.Gate is { } gate ? $"{gate} ({gate.Layers})"
            : wanted == Precision.Plain ? null
            : $"{Precision.PlainName}, not {wanted.Name}: " + (
                !options.PrepareModels ? "no copies are made (MACHINE_LEARNING_PREPARE_MODELS)"
                : SourceIdentity.BytesOf(source) < LeastBytes ? s_tooSmall : Tries(key, source).Reason ?? "its copy is not made yet");
        return new CopyStatus(copy?.Gate?.Precision ?? Precision.PlainName, note, copy?.Bytes ?? 0);
    }

    /// <summary>Tells in which precision a model runs, where a library may hold embeddings of another one.</summary>
    internal void Announce(ModelKey key, string source, PreparedCopy copy)
    {
        string identity = SourceIdentity.Of(source);
        if (copy.Gate is { } gate)
        {
            RunsIn?.Invoke(key, $"{gate}. Embeddings that were made before are of fp32 and stay so until they are made anew");
        }
        else if (Precision.Rounded.Select(other => PreparedCopy.Open(_places.Of(source, identity, other), identity)?.Gate)
            .FirstOrDefault(found => found is not null) is { } before)
        {
            RunsIn?.Invoke(key, $"fp32; it has run in {before}. Embeddings of that time stay as they are until they are made anew");
        }
    }

    /// <summary>So that copies which nobody uses are told from those which another machine does.</summary>
    internal void MarkUsed(PreparedCopy copy)
    {
        try
        {
            Directory.SetLastWriteTimeUtc(copy.Folder, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that is read-only.
        }
    }

    /// <summary>
    /// A copy that is no good is of no use to anybody. A new one may be made. One that could not be read stays, and is not used now.
    /// </summary>
    internal void Discard(ModelKey key, PreparedCopy copy, string reason)
    {
        if (copy.IsUnreadable)
        {
            NotMade?.Invoke(key, $"its copy is not used: {reason}");
            return;
        }

        Verified.Doubt(copy);
        try
        {
            CacheWriter.Remove(copy.Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _refused[copy.Folder] = reason;
            reason = $"{reason}; it cannot be removed: {e.Message}";
        }

        Discarded?.Invoke(key, reason);
    }

    /// <summary>As <see cref="Discard"/>, where another one would come out the same.</summary>
    internal void Ban(ModelKey key, PreparedCopy copy, string reason)
    {
        Discard(key, copy, reason);
        new FailedTries(copy.Folder, _time).Remember(reason);
    }

    /// <summary>Asks for the copy that a model is to have and was loaded without, or says why there is none.</summary>
    internal void Want(ModelKey key, string source)
    {
        if (!options.PrepareModels || SourceIdentity.BytesOf(source) is var bytes && bytes < LeastBytes)
        {
            return;
        }

        foreach (Precision precision in Wanted(key).TakeWhile(precision => Find(key, source, precision) is null))
        {
            string target = _places.Of(source, SourceIdentity.Of(source), precision);
            string? failed = _refused.TryGetValue(target, out string? refused) ? refused
                : CopyTrust.Fault(models.CacheFolder, Path.GetDirectoryName(target)!)
                    ?? CopyPlaces.TriesAt(target, precision, _time).Reason;
            string? reason = failed ?? _places.Shortage(bytes, precision)
                ?? (Missing is null ? "nobody makes any here" : Missing(key, source) ? null : "too many others are to be made first");
            if (reason is not null)
            {
                NotMade?.Invoke(key, precision == Precision.Plain ? reason : $"{precision.Name}: {reason}");
            }

            if (failed is null)
            {
                return;
            }
        }
    }

    /// <summary>Makes the copy of a model if there is none, in this process.</summary>
    /// <param name="key">The model.</param>
    /// <param name="source">Its graph.</param>
    /// <param name="isAskedFor">Somebody waits for it: earlier failures do not count.</param>
    /// <returns>What came of it, in words that begin with <see cref="Made"/> where there is a new copy now.</returns>
    /// <exception cref="ModelException">ONNX Runtime cannot make it.</exception>
    public string Prepare(ModelKey key, string source, bool isAskedFor = true)
    {
        Precision precision = _precisions.For(key.Kind);
        FailedTries tries = Tries(key, source);
        string? reason = precision == Precision.Plain || isAskedFor ? null : tries.Reason;
        try
        {
            if (reason is null)
            {
                return Prepare(key, source, isAskedFor, precision);
            }
        }
        catch (Exception e) when (e is PrecisionException || (e is ModelException && precision != Precision.Plain))
        {
            reason = e.Message;
            tries.Remember(reason);
        }

        string plain = Prepare(key, source, isAskedFor, Precision.Plain);
        return $"{plain}; it stays {Precision.PlainName}, not {precision.Name}: {reason}";
    }

    string Prepare(ModelKey key, string source, bool isAskedFor, Precision precision)
    {
        long bytes = SourceIdentity.BytesOf(source);
        if (bytes < LeastBytes)
        {
            return $"loads as fast as it is: {s_tooSmall}";
        }

        string identity = SourceIdentity.Of(source), target = _places.Of(source, identity, precision);
        if (Find(key, source, precision) is { } there && Verified.WholeFault(there) is null)
        {
            return "is prepared already";
        }

        FailedTries tries = CopyPlaces.TriesAt(target, precision, _time);
        string? distrusted = CopyTrust.Fault(models.CacheFolder, Path.GetDirectoryName(target)!);
        if ((distrusted ?? (isAskedFor ? null : tries.Reason) ?? _places.Shortage(bytes, precision)) is { } reason)
        {
            return $"is left as it is: {reason}";
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using ModelLock? only = ModelLock.TryTakeAt(target + ".lock", _time);
            if (only is null)
            {
                return "is left as it is: another process prepares it";
            }

            tries.Begin();
            PrecisionSearch? search = precision == Precision.Plain ? null : new PrecisionSearch(key, precision, Calibrate?.Invoke(key)
                ?? throw new PrecisionException("there is nothing to try it with"));
            bool pinsBatch = options.PinsBatch && key.Kind.Task == ModelKind.ClipVisual.Task;
            GateReport? gate = new CopyMaking(source, target, identity, pinsBatch, search).Run();
            if (SourceIdentity.Of(source) != identity)
            {
                CacheWriter.Remove(target);
                tries.Forget();
                return "is left as it is: it was replaced meanwhile";
            }

            _refused.TryRemove(target, out _);
            if (CopyTrust.Fault(models.CacheFolder, target) is { } distrust)
            {
                CacheWriter.Remove(target);
                throw new IOException(distrust);
            }

            tries.Forget();
            return gate is null ? Made : $"{Made} in {gate} ({gate.Layers})";
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            tries.Remember(e.Message);
            throw e as ModelException ?? new ModelException(ModelFault.Unusable, $"{source} cannot be prepared: {e.Message}", e);
        }
    }

    public const string Made = "prepared";

    /// <summary>A try was ended from outside and says nothing about the model.</summary>
    public void ForgetTry(ModelKey key, string source) => Tries(key, source).Forget();

    /// <summary>A try ended without a word of its own.</summary>
    public void RememberFailure(ModelKey key, string source, string why) => Tries(key, source).Remember(why);

    FailedTries Tries(ModelKey key, string source)
    {
        Precision precision = _precisions.For(key.Kind);
        return CopyPlaces.TriesAt(_places.Of(source, SourceIdentity.Of(source), precision), precision, _time);
    }

    /// <summary>Removes copies that no load will take again.</summary>
    /// <returns>Their folders.</returns>
    public IReadOnlyList<string> RemoveStale(DateTime now) =>
        FileStamp.Of(_places.Root, followLinks: false) is { IsFolder: true, IsOurs: true }
            ? new StaleCopies(_places.Root, ProcessorName.Own, model => _places.CurrentNameOf(model, _precisions)).Remove(now)
            : [];

    void Refuse(ModelKey key, string target, string reason)
    {
        if (_refused.TryAdd(target, reason))
        {
            NotMade?.Invoke(key, $"its copy is not used: {reason}");
        }
    }
}
