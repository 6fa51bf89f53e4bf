using System.Globalization;
using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// One prepared copy on disk: graph, weights, the model's own answer to a trial, and a manifest with the digest of each. The manifest
/// names the source that the copy was made of, so that no other model's is taken for it.
/// </summary>
sealed class PreparedCopy
{
    public const string GraphName = "model.onnx";
    public const string WeightsName = "weights.bin";
    const string TrialName = "trial.bin";
    const string ManifestName = "manifest.txt";
    const string FirstLine = "immich-ml prepared copy 1";

    readonly string _identity;
    readonly string[] _lines;
    readonly string[] _paths;

    PreparedCopy(string folder, string identity, string[] lines)
    {
        Folder = folder;
        _identity = identity;
        _lines = lines;
        _paths = [.. lines.Skip(2).Select(CopyFile.Parse).OfType<CopyFile>().Select(file => file.Name).Append(ManifestName).Select(name => Path.Combine(folder, name))];
    }

    public string Folder { get; }

    public string Graph => Path.Combine(Folder, GraphName);

    /// <summary>The copy in a folder. Whether its files are what the manifest says is for <see cref="Fault()"/> to find.</summary>
    /// <returns>Null where there is no manifest.</returns>
    public static PreparedCopy? Open(string folder, string identity)
    {
        try
        {
            string manifest = Path.Combine(folder, ManifestName);
            return File.Exists(manifest) ? new PreparedCopy(folder, identity, File.ReadAllLines(manifest)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new PreparedCopy(folder, identity, []); // Its fault will be told.
        }
    }

    /// <summary>Completes a folder that holds graph and weights.</summary>
    public static PreparedCopy Seal(string folder, string identity, CopyTrial? trial)
    {
        trial?.Write(Path.Combine(folder, TrialName));
        string[] names = [.. Directory.GetFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        string[] lines = [FirstLine, identity, .. names.Select(name => CopyFile.Of(folder, name).ToString())];
        File.WriteAllLines(Path.Combine(folder, ManifestName), lines);
        return new PreparedCopy(folder, identity, lines);
    }

    /// <summary>What is wrong with its graph, or with the size of another file: that much is looked at before ONNX Runtime sees it. Null where nothing is.</summary>
    public string? GraphFault() => FaultOf(file => file.Name == GraphName);

    /// <summary>What is wrong with its files, all of which are read; null where nothing is.</summary>
    public string? Fault() => FaultOf(_ => true);

    string? FaultOf(Predicate<CopyFile> isRead)
    {
        try
        {
            if (_lines is not [FirstLine, var identity, .. var lines])
            {
                return "its manifest is damaged";
            }

            CopyFile[] files = [.. lines.Select(CopyFile.Parse).OfType<CopyFile>()];
            return files.Length < lines.Length || files.All(file => file.Name != GraphName) ? "its manifest is damaged"
                : identity != _identity ? "it was made of another model"
                : files.FirstOrDefault(file => !file.IsIn(Folder, isRead(file))) is { } other ? $"{other.Name} is not as it was written"
                : null;
        }
        catch (Exception e)
        {
            // Whatever it is: a copy that cannot be read through is not used.
            return $"it cannot be read: {e.Message}";
        }
    }

    /// <summary>Of all its files as they are; one of them is another when anything was written to its file.</summary>
    public FileStamp?[] Stamps() => Array.ConvertAll(_paths, path => FileStamp.Of(path));

    /// <summary>What is wrong with a session's answer to the trial; null where nothing is, or where the model had none to compare with.</summary>
    public string? Fault(InferenceSession session)
    {
        try
        {
            return !File.Exists(Path.Combine(Folder, TrialName)) || CopyTrial.Read(Path.Combine(Folder, TrialName)).Passes(session)
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

/// <summary>A file as a manifest tells of it.</summary>
sealed record CopyFile(string Name, long Length, string Digest)
{
    public static CopyFile Of(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return new CopyFile(name, new FileInfo(path).Length, ContentDigest.Of(path));
    }

    /// <summary>Null for a line that is not one of ours; a name never leads out of the folder.</summary>
    public static CopyFile? Parse(string line) => line.Split(' ') is [var name, var length, var digest] && CacheFiles.IsSafe(name) && !name.Contains('/')
        && long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes)
        ? new CopyFile(name, bytes, digest)
        : null;

    public bool IsIn(string folder, bool isRead)
    {
        string path = Path.Combine(folder, Name);
        return new FileInfo(path) is { Exists: true } file && file.Length == Length && (!isRead || ContentDigest.Of(path) == Digest);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} {Length} {Digest}");
}
