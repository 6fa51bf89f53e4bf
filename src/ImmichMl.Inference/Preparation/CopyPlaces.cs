using System.IO.Hashing;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models.Copies;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// Where the copies of models lie: below the cache by kind of processor, model, and what else a copy belongs to: version of ONNX Runtime,
/// rules of rewriting, precision, source.
/// </summary>
sealed class CopyPlaces(ModelOptions models, RuntimeOptions options)
{
    const string Folder = ".prepared";

    /// <summary>Part of a copy's name: what was quantised by other rules is made anew.</summary>
    const int QuantizationVersion = 1;

    public string Root { get; } = Path.Combine(models.CacheFolder, Folder);

    /// <summary>Below the model's own folder's name, which several keys may share.</summary>
    public string Of(string source, string identity, Precision precision) => Path.Combine(
        Root, ProcessorName.Own, Path.GetRelativePath(models.CacheFolder, Path.GetDirectoryName(source)!),
        string.Create(
            CultureInfo.InvariantCulture,
            $"{VersionName}-g{GraphRewriting.Version}{(options.PinsBatch ? "" : "n")}{Suffix(precision)}-{identity}"));

    static string Suffix(Precision precision) => precision.Name == Precision.PlainName ? ""
        : string.Create(CultureInfo.InvariantCulture, $"-{precision.Name}.{QuantizationVersion}");

    /// <summary>A build that stands in for ours has its folder in its version: no part of a file's name.</summary>
    static string VersionName => RuntimeLibrary.Version is var version && version.All(letter => char.IsAsciiDigit(letter) || letter == '.')
        ? version
        : Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(version)))[..12];

    /// <param name="model">A model's folder below the cache.</param>
    /// <param name="precisions">Tells what a kind is to run in.</param>
    /// <returns>The name of the copy that a load would take; null where the model is gone.</returns>
    public string? CurrentNameOf(string model, PrecisionOptions precisions)
    {
        string source = Path.Combine(models.CacheFolder, model, ModelStore.ModelFileName);
        string[] names = model.Split(Path.DirectorySeparatorChar);
        return File.Exists(source)
            ? Path.GetFileName(Of(source, SourceIdentity.Of(source), precisions.For(new ModelKind(names[0], names[^1])))) : null;
    }

    /// <summary>Where more is asked for than usual, a failure says nothing of what comes once that is taken back.</summary>
    public static FailedTries TriesAt(string target, Precision precision, TimeProvider time) => new(
        precision == Precision.Named(precision.Name) ? target : string.Create(
            CultureInfo.InvariantCulture, $"{target}-{precision.LeastMean}-{precision.LeastLow}-{precision.LeastMixed}"), time);

    /// <summary>Why a copy cannot be made now: the disk, or memory, is short; null where neither is.</summary>
    /// <param name="bytes">Of the model.</param>
    /// <param name="precision">Of the copy. In whole numbers one layer at a time is held, and the model is mapped.</param>
    public string? Shortage(long bytes, Precision precision)
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

        long available = options.AvailableMemory();
        long needed = precision.Name == Precision.PlainName ? (bytes * 5 / 2) + 64_000_000 : (bytes * 3 / 4) + 300_000_000;
        return available >= needed ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"memory is short: {available / 1_000_000} MB may be taken, {needed / 1_000_000} are needed while it is made");
    }
}
