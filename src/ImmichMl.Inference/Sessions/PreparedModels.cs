using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Copies of models as ONNX Runtime wants them: optimised graph, weights in the kernels' own layout in a file that is mapped. They load
/// faster and cost next to no memory of their own, and belong to one version of ONNX Runtime, one kind of processor, one source.
/// </summary>
public sealed class PreparedModels(ModelOptions models, RuntimeOptions options)
{
    const string Folder = ".prepared";
    const string GraphName = "model.onnx";
    const string WeightsName = "weights.bin";

    /// <summary>Below this a plain load is as fast.</summary>
    const long LeastBytes = 16_000_000;

    static readonly Lazy<string> s_processor = new(Processor);

    /// <summary>Told which model has no prepared copy, its file, and where the copy belongs.</summary>
    public Action<ModelKey, string, string>? Missing { get; set; }

    /// <summary>The graph of the prepared copy; null where there is none or none is wanted.</summary>
    internal string? Find(ModelKey key, string source)
    {
        if (!options.PrepareModels || BytesOf(source) < LeastBytes)
        {
            return null;
        }

        string target = TargetOf(key, source);
        string graph = Path.Combine(target, GraphName);
        if (!File.Exists(graph))
        {
            return null;
        }

        MarkUsed(target);
        return graph;
    }

    /// <summary>So that copies which nobody uses are told from those which another machine does.</summary>
    static void MarkUsed(string target)
    {
        try
        {
            Directory.SetLastWriteTimeUtc(target, TimeProvider.System.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A cache that is read-only.
        }
    }

    /// <summary>Makes the copy of a model if there is none, in this process.</summary>
    /// <returns>What came of it, in words.</returns>
    /// <exception cref="ModelException">ONNX Runtime cannot make it.</exception>
    public string Prepare(ModelKey key, string source)
    {
        string target = TargetOf(key, source);
        if (File.Exists(Path.Combine(target, GraphName)))
        {
            return "is prepared already";
        }

        if (BytesOf(source) is var bytes && bytes < LeastBytes)
        {
            return $"loads as fast as it is: it has less than {LeastBytes / 1_000_000} MB";
        }

        if (!HasRoom(bytes))
        {
            return "is left as it is: the disk is short (MACHINE_LEARNING_PREPARE_LEAVE_FREE)";
        }

        Write(source, target);
        return "prepared";
    }

    /// <summary>Removes copies that no load will take again.</summary>
    /// <returns>Their folders.</returns>
    public IReadOnlyList<string> RemoveStale(DateTime now) =>
        new StaleCopies(Path.Combine(models.CacheFolder, Folder), s_processor.Value, $"{VersionName}-g{GraphRewriting.Version}").Remove(now);

    internal void Want(ModelKey key, string source)
    {
        if (options.PrepareModels && BytesOf(source) is >= LeastBytes and var bytes && HasRoom(bytes))
        {
            Missing?.Invoke(key, source, TargetOf(key, source));
        }
    }

    /// <summary>A copy that will not load is of no use to anybody.</summary>
    internal static void Discard(string graph)
    {
        try
        {
            Directory.Delete(Path.GetDirectoryName(graph)!, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is tried, and fails, at every load.
        }
    }

    /// <summary>Makes a copy and moves it into place; takes the memory of a full load, so it is for a process of its own.</summary>
    /// <exception cref="ModelException">ONNX Runtime cannot make it.</exception>
    public static void Write(string source, string target)
    {
        string parent = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(parent);
        string aside = Path.Combine(parent, $"new-{Environment.ProcessId}");
        Directory.CreateDirectory(aside);
        try
        {
            if (!TryMakeRewritten(source, aside))
            {
                Make(source, aside);
            }

            foreach (string old in Directory.GetDirectories(parent).Where(folder => folder != aside && !Path.GetFileName(folder).StartsWith("new-", StringComparison.Ordinal)))
            {
                Directory.Delete(old, recursive: true);
            }

            Directory.Move(aside, target);
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidDataException)
        {
            throw new ModelException(ModelFault.Unusable, $"{source} cannot be prepared: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(aside))
            {
                Directory.Delete(aside, recursive: true);
            }
        }
    }

    /// <returns>False: the graph has nothing that can be made cheaper, or does not answer as the model does.</returns>
    static bool TryMakeRewritten(string source, string folder)
    {
        string work = Path.Combine(folder, "rewriting");
        Directory.CreateDirectory(work);
        try
        {
            return GraphRewriting.Rewrite(source, work).Any(rewritten => TryMake(rewritten, source, folder));
        }
        catch (Exception)
        {
            // Whatever is odd about this graph: the model itself is still to be had, and if it fails too, that is told.
            return false;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static bool TryMake(string rewritten, string source, string folder)
    {
        try
        {
            Make(rewritten, folder);
            return GraphRewriting.AnswerAlike(source, Path.Combine(folder, GraphName));
        }
        catch (OnnxRuntimeException)
        {
            return false;
        }
    }

    static void Make(string source, string folder)
    {
        // What an earlier try has left.
        File.Delete(Path.Combine(folder, GraphName));
        File.Delete(Path.Combine(folder, WeightsName));
        Save(source, folder);
        string graph = Path.Combine(folder, GraphName);
        if (!ExternalWeights.AreAligned(graph))
        {
            ExternalWeights.Align(graph, Path.Combine(folder, WeightsName));
        }
    }

    static void Save(string source, string folder)
    {
        _ = RuntimeLibrary.Environment;
        using var session = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = 1,
            OptimizedModelFilePath = Path.Combine(folder, GraphName),
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        session.AddSessionConfigEntry("session.optimized_model_external_initializers_file_name", WeightsName);
        session.AddSessionConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", "1024");
        session.AddSessionConfigEntry("session.save_external_prepacked_constant_initializers", "1");
        new InferenceSession(source, session).Dispose();
    }

    /// <summary>A build that stands in for ours has its folder in its version: no part of a file's name.</summary>
    static string VersionName => RuntimeLibrary.Version is var version && version.All(letter => char.IsAsciiDigit(letter) || letter == '.')
        ? version
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..12];

    string TargetOf(ModelKey key, string source)
    {
        FileInfo[] files = Files(source);
        long newest = files.Max(file => file.LastWriteTimeUtc.Ticks);
        string stamp = string.Create(CultureInfo.InvariantCulture, $"{VersionName}-g{GraphRewriting.Version}-{files.Sum(file => file.Length):x}-{newest:x}");
        return Path.Combine(models.CacheFolder, Folder, s_processor.Value, key.Kind.Task, key.Name, key.Kind.Type, stamp);
    }

    /// <summary>Twice the model, while it is made another time and a half of it, and what the operator wants to stay free.</summary>
    bool HasRoom(long bytes)
    {
        try
        {
            return new DriveInfo(models.CacheFolder).AvailableFreeSpace - (bytes * 7 / 2) >= options.PrepareLeaveFree;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    static long BytesOf(string source) => Files(source).Sum(file => file.Length);

    /// <summary>Large models keep weights in files beside the graph.</summary>
    static FileInfo[] Files(string source) => new DirectoryInfo(Path.GetDirectoryName(source)!).GetFiles()
        .Where(file => file.Extension is not (".json" or ".txt")).ToArray();

    /// <summary>What decides which kernels run: the model of the processor and what it can do.</summary>
    static string Processor()
    {
        string[] told = File.Exists("/proc/cpuinfo")
            ? [.. File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal)
                || line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal)).Distinct()]
            : [];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', told))))[..12];
    }
}
