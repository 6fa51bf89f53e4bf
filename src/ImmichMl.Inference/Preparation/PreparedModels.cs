using System.Collections.Concurrent;
using System.IO.Hashing;
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
public sealed class PreparedModels(ModelOptions models, RuntimeOptions options, TimeProvider? clock = null)
{
    const string Folder = ".prepared";

    /// <summary>Below this a plain load is as fast.</summary>
    const long LeastBytes = 16_000_000;

    readonly TimeProvider _time = clock ?? TimeProvider.System;
    readonly string _root = Path.Combine(models.CacheFolder, Folder);

    /// <summary>Copies whose files were read through and found right, with their stamps then; and those that are not to be used.</summary>
    readonly ConcurrentDictionary<string, FileStamp?[]> _verified = [];
    readonly ConcurrentDictionary<string, FileStamp?[]> _verifiedPacked = [];
    readonly ConcurrentDictionary<string, string> _refused = [];

    /// <summary>Told which model lacks a copy that may be made; false where whoever makes them can take no more.</summary>
    public Func<ModelKey, string, bool>? Missing { get; set; }

    /// <summary>Told why a model has no copy, or why one is not used: for the log.</summary>
    public Action<ModelKey, string>? NotMade { get; set; }

    /// <summary>Told of a copy that was thrown away, and why.</summary>
    public Action<ModelKey, string>? Discarded { get; set; }

    /// <summary>The copy of a model that may be tried; null where there is none or none is wanted.</summary>
    internal PreparedCopy? Find(ModelKey key, string source)
    {
        if (!options.PrepareModels || SourceIdentity.BytesOf(source) < LeastBytes)
        {
            return null;
        }

        string identity = SourceIdentity.Of(source), target = TargetOf(source, identity);
        if (_refused.ContainsKey(target) || !Path.Exists(target))
        {
            return null;
        }

        if (CopyTrust.Fault(models.CacheFolder, target) is { } reason)
        {
            Refuse(key, target, reason);
            return null;
        }

        return PreparedCopy.Open(target, identity);
    }

    /// <summary>
    /// What is wrong with its files, which are read where they were not read since they last changed: all but packed weights, which the
    /// first answer does without. Null where nothing is.
    /// </summary>
    internal string? Fault(PreparedCopy copy) => Fault(_verified, copy, copy.Fault);

    /// <summary>The same of all its files.</summary>
    internal string? WholeFault(PreparedCopy copy) => Fault(copy) ?? Fault(_verifiedPacked, copy, copy.PackedFault);

    static string? Fault(ConcurrentDictionary<string, FileStamp?[]> known, PreparedCopy copy, Func<string?> read)
    {
        FileStamp?[] stamps = copy.Stamps();
        if (known.TryGetValue(copy.Folder, out FileStamp?[]? verified) && stamps.AsSpan().SequenceEqual(verified))
        {
            return null;
        }

        string? fault = read();
        if (fault is null)
        {
            known[copy.Folder] = stamps;
        }

        return fault;
    }

    /// <summary>
    /// True while nothing has been written to the copy since it was last found right. Costs a system call for each of its four files.
    /// </summary>
    internal bool IsUntouched(PreparedCopy copy) =>
        _verified.TryGetValue(copy.Folder, out FileStamp?[]? verified) && copy.Stamps().AsSpan().SequenceEqual(verified);

    /// <summary>Reads it through at its next use, whatever its stamp.</summary>
    internal void Doubt(PreparedCopy copy)
    {
        _verified.TryRemove(copy.Folder, out _);
        _verifiedPacked.TryRemove(copy.Folder, out _);
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

        Doubt(copy);
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

    /// <summary>Asks for the copy of a model that was loaded without one, or says why there is none.</summary>
    internal void Want(ModelKey key, string source)
    {
        if (!options.PrepareModels || SourceIdentity.BytesOf(source) is var bytes && bytes < LeastBytes)
        {
            return;
        }

        string target = TargetOf(source, SourceIdentity.Of(source));
        string? reason = _refused.TryGetValue(target, out string? refused) ? refused
            : CopyTrust.Fault(models.CacheFolder, Path.GetDirectoryName(target)!) ?? new FailedTries(target, _time).Reason
                ?? Shortage(bytes)
            ?? (Missing is null ? "nobody makes any here" : Missing(key, source) ? null : "too many others are to be made first");
        if (reason is not null)
        {
            NotMade?.Invoke(key, reason);
        }
    }

    /// <summary>Makes the copy of a model if there is none, in this process.</summary>
    /// <param name="key">The model.</param>
    /// <param name="source">Its graph.</param>
    /// <param name="isAskedFor">Somebody waits for it: earlier failures do not count.</param>
    /// <returns>What came of it, in words; <see cref="Made"/> where there is a copy now.</returns>
    /// <exception cref="ModelException">ONNX Runtime cannot make it.</exception>
    public string Prepare(ModelKey key, string source, bool isAskedFor = true)
    {
        long bytes = SourceIdentity.BytesOf(source);
        if (bytes < LeastBytes)
        {
            return $"loads as fast as it is: it has less than {LeastBytes / 1_000_000} MB";
        }

        string identity = SourceIdentity.Of(source), target = TargetOf(source, identity);
        if (Find(key, source) is { } there && WholeFault(there) is null)
        {
            return "is prepared already";
        }

        var tries = new FailedTries(target, _time);
        string? distrusted = CopyTrust.Fault(models.CacheFolder, Path.GetDirectoryName(target)!);
        if ((distrusted ?? (isAskedFor ? null : tries.Reason) ?? Shortage(bytes)) is { } reason)
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
            new CopyMaking(source, target, identity, options.PinsBatch && key.Kind.Task == ModelKind.ClipVisual.Task).Run();
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
            return Made;
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            tries.Remember(e.Message);
            throw e as ModelException ?? new ModelException(ModelFault.Unusable, $"{source} cannot be prepared: {e.Message}", e);
        }
    }

    public const string Made = "prepared";

    /// <summary>A try was ended from outside and says nothing about the model.</summary>
    public void ForgetTry(string source) => new FailedTries(TargetOf(source, SourceIdentity.Of(source)), _time).Forget();

    /// <summary>A try ended without a word of its own.</summary>
    public void RememberFailure(string source, string why) =>
        new FailedTries(TargetOf(source, SourceIdentity.Of(source)), _time).Remember(why);

    /// <summary>Removes copies that no load will take again.</summary>
    /// <returns>Their folders.</returns>
    public IReadOnlyList<string> RemoveStale(DateTime now) => FileStamp.Of(_root, followLinks: false) is { IsFolder: true, IsOurs: true }
        ? new StaleCopies(_root, ProcessorName.Own, CurrentNameOf).Remove(now)
        : [];

    /// <param name="model">A model's folder below the cache.</param>
    string? CurrentNameOf(string model)
    {
        string source = Path.Combine(models.CacheFolder, model, ModelStore.ModelFileName);
        return File.Exists(source) ? Path.GetFileName(TargetOf(source, SourceIdentity.Of(source))) : null;
    }

    void Refuse(ModelKey key, string target, string reason)
    {
        if (_refused.TryAdd(target, reason))
        {
            NotMade?.Invoke(key, $"its copy is not used: {reason}");
        }
    }

    /// <summary>Why a copy cannot be made now: the disk, or memory, is short.</summary>
    string? Shortage(long bytes)
    {
        try
        {
            // Twice the model, while it is made another time and a half of it, and what the operator wants to stay free.
            long free = new DriveInfo(models.CacheFolder).AvailableFreeSpace;
            if (free - (bytes * 7 / 2) < options.PrepareLeaveFree)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"the disk is short: {free / 1_000_000} MB are free, {bytes * 7 / 2 / 1_000_000} are needed beside "
                    + $"MACHINE_LEARNING_PREPARE_LEAVE_FREE");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"the disk cannot be asked for room: {e.Message}";
        }

        long available = options.AvailableMemory(), needed = (bytes * 5 / 2) + 64_000_000;
        return available >= needed ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"memory is short: {available / 1_000_000} MB may be taken, {needed / 1_000_000} are needed while it is made");
    }

    /// <summary>A build that stands in for ours has its folder in its version: no part of a file's name.</summary>
    static string VersionName => RuntimeLibrary.Version is var version && version.All(letter => char.IsAsciiDigit(letter) || letter == '.')
        ? version
        : Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(version)))[..12];

    /// <summary>Below the model's own folder's name, which several keys may share.</summary>
    string TargetOf(string source, string identity) => Path.Combine(
        _root, ProcessorName.Own, Path.GetRelativePath(models.CacheFolder, Path.GetDirectoryName(source)!),
        string.Create(CultureInfo.InvariantCulture, $"{VersionName}-g{GraphRewriting.Version}{(options.PinsBatch ? "" : "n")}-{identity}"));
}
