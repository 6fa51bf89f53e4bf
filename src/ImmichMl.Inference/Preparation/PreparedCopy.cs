using ImmichMl.Inference.Sessions;
using ImmichMl.Models.Copies;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// One prepared copy on disk: graph, weights, the model's own answer to a trial, and a manifest with the digest of each. The manifest
/// names the source that the copy was made of, so that no other model's is taken for it.
/// </summary>
sealed class PreparedCopy
{
    public const string GraphName = "model.onnx";
    public const string WeightsName = "weights.bin";
    const string TrialName = "trial.bin";
    const string GateName = "gate.txt";
    const string ManifestName = "manifest.txt";
    const string FirstLine = "immich-ml prepared copy 2";

    readonly string _identity;
    readonly string[] _lines;
    readonly string[] _paths;

    PreparedCopy(string folder, string identity, string[] lines)
    {
        Folder = folder;
        _identity = identity;
        _lines = lines;
        IEnumerable<string> names = lines.Skip(2).Select(CopyPart.Parse).OfType<CopyPart>().Select(part => part.Name).Distinct();
        _paths = [.. names.Append(ManifestName).Select(name => Path.Combine(folder, name))];
    }

    public string Folder { get; }

    public string Graph => Path.Combine(Folder, GraphName);

    /// <summary>What it reached when it was made; null for a copy of the model's own precision.</summary>
    public GateReport? Gate => field ??= GateReport.Read(Path.Combine(Folder, GateName));

    /// <summary>Of all its files; those that are gone count nothing.</summary>
    public long Bytes => _paths.Sum(path => FileStamp.Of(path)?.Size ?? 0);

    /// <summary>The last fault was of the moment, not of what is in the files.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>The copy in a folder. Whether its files are what the manifest says is for <see cref="Fault()"/> to find.</summary>
    /// <returns>Null where there is no manifest, or none that can be read now.</returns>
    public static PreparedCopy? Open(string folder, string identity)
    {
        try
        {
            string manifest = Path.Combine(folder, ManifestName);
            return File.Exists(manifest) ? new PreparedCopy(folder, identity, File.ReadAllLines(manifest)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // For the moment there is none.
        }
    }

    /// <summary>Completes a folder that holds graph and weights.</summary>
    /// <param name="folder">Not yet where it belongs.</param>
    /// <param name="identity">Of the source.</param>
    /// <param name="trial">What the model itself answers; null where it cannot be tried.</param>
    /// <param name="packedFrom">Where packed weights begin in their file; 0 where that is not known.</param>
    /// <param name="gate">What a copy of another precision reached; null for one of the model's own.</param>
    public static PreparedCopy Seal(string folder, string identity, CopyTrial? trial, long packedFrom, GateReport? gate = null)
    {
        trial?.Write(Path.Combine(folder, TrialName));
        gate?.Write(Path.Combine(folder, GateName));
        string[] lines =
        [
            FirstLine, identity,
            .. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
                .SelectMany(name => CopyPart.Of(folder, name, name == WeightsName ? packedFrom : 0)).Select(part => part.ToString()),
        ];
        File.WriteAllLines(Path.Combine(folder, ManifestName), lines);
        return new PreparedCopy(folder, identity, lines);
    }

    /// <summary>What is wrong with its graph, or with another file's size: looked at before it is loaded. Null where nothing is.</summary>
    public string? GraphFault() => FaultOf(part => part.Name == GraphName);

    /// <summary>What is wrong with what the first answer comes from: all but packed weights is read; null where nothing is.</summary>
    public string? Fault() => FaultOf(part => part.Offset == 0);

    /// <summary>What is wrong with the rest.</summary>
    public string? PackedFault() => FaultOf(part => part.Offset > 0);

    string? FaultOf(Predicate<CopyPart> isRead)
    {
        IsUnreadable = false;
        try
        {
            if (_lines is not [FirstLine, var identity, .. var lines])
            {
                return "its manifest is damaged";
            }

            CopyPart[] parts = [.. lines.Select(CopyPart.Parse).OfType<CopyPart>()];
            return parts.Length < lines.Length || parts.All(part => part.Name != GraphName) ? "its manifest is damaged"
                : identity != _identity ? "it was made of another model"
                : parts.GroupBy(part => part.Name).FirstOrDefault(file => new FileInfo(Path.Combine(Folder, file.Key)) is var there
                    && !(there.Exists && there.Length == file.Sum(part => part.Length))) is { } wrong
                    ? $"{wrong.Key} is not as it was written"
                : parts.FirstOrDefault(part => isRead(part) && !part.IsIn(Folder)) is { } other ? $"{other.Name} is not as it was written"
                : null;
        }
        catch (Exception e)
        {
            // Whatever it is: a copy that cannot be read through is not used. It may be as good as ever: permissions, too many open files.
            IsUnreadable = ModelFile.IsPassing(e);
            return $"it cannot be read: {e.Message}";
        }
    }

    /// <summary>Of all its files as they are; one of them is another when anything was written to its file.</summary>
    public FileStamp?[] Stamps() => Array.ConvertAll(_paths, path => FileStamp.Of(path));

    /// <summary>
    /// What is wrong with a session's answer to the trial; null where nothing is, or where the model had none to compare with.
    /// </summary>
    public string? Fault(InferenceSession session)
    {
        try
        {
            string trial = Path.Combine(Folder, TrialName);
            return !File.Exists(trial) || CopyTrial.Read(trial).Passes(session, rounds: Gate is not null)
                ? null
                : "it does not answer as the model does";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return $"its trial cannot be read: {e.Message}";
        }
        catch (OnnxRuntimeException e) when (!OnnxSession.IsOutOfMemory(e))
        {
            return $"it fails: {e.Message}";
        }
    }
}

/// <summary>A file, or part of it, as a manifest tells of it.</summary>
sealed record CopyPart(string Name, long Offset, long Length, string Digest)
{
    /// <param name="folder">Of the copy.</param>
    /// <param name="name">Of the file.</param>
    /// <param name="split">Where its second part begins; 0: it has one.</param>
    public static IEnumerable<CopyPart> Of(string folder, string name, long split)
    {
        string path = Path.Combine(folder, name);
        long length = new FileInfo(path).Length;
        long[] ends = split > 0 && split < length ? [0, split, length] : [0, length];
        return ends.Zip(ends.Skip(1), (from, to) => new CopyPart(name, from, to - from, ContentDigest.Of(path, from, to - from)));
    }

    /// <summary>Null for a line that is not one of ours; a name never leads out of the folder.</summary>
    public static CopyPart? Parse(string line) => line.Split(' ') is [var name, var offset, var length, var digest]
        && CacheFiles.IsSafe(name) && !name.Contains('/')
        && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out long from)
        && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)
        ? new CopyPart(name, from, bytes, digest)
        : null;

    public bool IsIn(string folder) => ContentDigest.Of(Path.Combine(folder, Name), Offset, Length) == Digest;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Offset} {Length} {Digest}");
}
