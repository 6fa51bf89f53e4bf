using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// Makes a graph cheaper before ONNX Runtime optimises it for this machine: tokens that nobody reads are left out, attention becomes one
/// operator. What it recognises it recognises by what the operators do; where it finds nothing, or the answer is not the same, the model
/// stays as it is.
/// </summary>
static class GraphRewriting
{
    /// <summary>Part of a copy's name: what was rewritten by other rules is made anew.</summary>
    public const int Version = 3;

    /// <summary>Of the model with constants put together and its weights in a file beside it.</summary>
    public const string FoldedName = "folded.onnx";

    const string GraphName = "rewritten.onnx";
    const string FreeName = "any_length.onnx";
    const string JoinedName = "joined.bin";

    /// <summary>Of the answers before and after, over all outputs.</summary>
    const double LeastCosine = 0.999999;

    /// <returns>Rewritten graphs in the folder, the cheapest first; none where there was nothing to do.</returns>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    /// <exception cref="InvalidDataException">What ONNX Runtime saved cannot be read.</exception>
    public static IReadOnlyList<string> Rewrite(string source, string folder, bool pinsBatch)
    {
        string path = Path.Combine(folder, GraphName), folded = Path.Combine(folder, FoldedName);
        SaveWithConstantsFolded(source, folded, pinsBatch);
        GraphModel model = GraphModel.Read(folded);
        if (model.Nodes.Any(node => node.HasGraph))
        {
            return [];
        }

        int changes = RowPruning.Apply(model);
        using (FileStream joined = File.Create(Path.Combine(folder, JoinedName)))
        {
            changes += AttentionFusion.Apply(model, joined);
        }

        byte[] bytes = model.ToBytes();
        var made = new List<string>();
        GraphModel free = GraphModel.Read(bytes, folder);
        if (TokenAxis.TryFree(free))
        {
            made.Add(Path.Combine(folder, FreeName));
            File.WriteAllBytes(made[0], free.ToBytes());
        }

        if (changes > 0)
        {
            made.Add(path);
            File.WriteAllBytes(path, bytes);
        }

        return made;
    }

    /// <summary>Constants are put together, so that shapes and scales stand in the graph as numbers; nothing is fused.</summary>
    static void SaveWithConstantsFolded(string source, string path, bool pinsBatch) =>
        Save(source, path, "folded.bin", GraphOptimizationLevel.ORT_ENABLE_BASIC, "session.disable_prepacking", pinsBatch);

    /// <summary>Lets ONNX Runtime write a graph as it has optimised it, with the weights in a file beside it.</summary>
    /// <param name="source">The model's graph.</param>
    /// <param name="path">Of the graph that is written.</param>
    /// <param name="weights">The name of the file of weights.</param>
    /// <param name="level">How far it is optimised.</param>
    /// <param name="switchedOn">Of ONNX Runtime's session settings: what becomes of packed weights.</param>
    /// <param name="pinsBatch">An axis called batch becomes 1: what is free is left as it stands by every rewriting.</param>
    internal static void Save(
        string source, string path, string weights, GraphOptimizationLevel level, string switchedOn, bool pinsBatch)
    {
        _ = RuntimeLibrary.Environment;
        using var session = new SessionOptions
        {
            GraphOptimizationLevel = level,
            IntraOpNumThreads = 1,
            OptimizedModelFilePath = path,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        if (pinsBatch)
        {
            session.AddFreeDimensionOverrideByName("batch", 1);
        }

        session.AddSessionConfigEntry("session.optimized_model_external_initializers_file_name", weights);
        session.AddSessionConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", "1024");
        session.AddSessionConfigEntry(switchedOn, "1");
        new InferenceSession(source, session).Dispose();
    }

    /// <summary>
    /// Whether two graphs answer alike to made-up inputs: every output's cosine is 1 up to rounding. Where the copy takes shorter texts,
    /// texts of several lengths must come out alike whatever the model itself is shown behind their end.
    /// </summary>
    public static bool AnswerAlike(string source, string copy)
    {
        using InferenceSession before = Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL);
        using InferenceSession after = Open(copy, GraphOptimizationLevel.ORT_DISABLE_ALL);
        int[] whole = before.InputMetadata[before.InputNames[0]].Dimensions;
        bool isFree = after.ModelMetadata.CustomMetadataMap.ContainsKey(TokenAxis.MostTokens);
        int[] lengths = isFree ? [1, 2, 3, whole[^1] / 3, whole[^1] / 2, whole[^1] - 1, whole[^1]] : [0];
        return lengths.All(length => AnswerAlike(before, after, length));
    }

    static bool AnswerAlike(InferenceSession before, InferenceSession after, int length) =>
        MadeUpInputs.For(before, length) is { } whole && (length > 0 ? whole.CutTo(length) : whole) is { } cut
            && whole.Answer(before) is { } answers && cut.Answer(after) is { } others
            && MadeUpInputs.AreAlike(answers, others, LeastCosine);

    internal static InferenceSession Open(string path, GraphOptimizationLevel level, bool packs = false)
    {
        _ = RuntimeLibrary.Environment;
        const OrtLoggingLevel fatal = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        using var options = new SessionOptions { GraphOptimizationLevel = level, LogSeverityLevel = fatal };
        options.AddSessionConfigEntry("session.disable_prepacking", packs ? "0" : "1");
        return new InferenceSession(path, options);
    }
}
