using System.Numerics.Tensors;
using ImmichMl.Inference.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Makes a graph cheaper before ONNX Runtime optimises it for this machine: tokens that nobody reads are left out, attention becomes one
/// operator. What it recognises it recognises by what the operators do; where it finds nothing, or the answer is not the same, the model
/// stays as it is.
/// </summary>
static class GraphRewriting
{
    /// <summary>Part of a copy's name: what was rewritten by other rules is made anew.</summary>
    public const int Version = 2;

    const string GraphName = "rewritten.onnx";
    const string FreeName = "any_length.onnx";
    const string JoinedName = "joined.bin";

    /// <summary>No text model knows fewer.</summary>
    const uint HighestToken = 250;

    /// <summary>Of the answers before and after, over all outputs.</summary>
    const double LeastCosine = 0.999999;

    /// <returns>Rewritten graphs in the folder, the cheapest first; none where there was nothing to do.</returns>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    /// <exception cref="InvalidDataException">What ONNX Runtime saved cannot be read.</exception>
    public static IReadOnlyList<string> Rewrite(string source, string folder)
    {
        string path = Path.Combine(folder, GraphName);
        SaveWithConstantsFolded(source, path);
        GraphModel model = GraphModel.Read(path);
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
    static void SaveWithConstantsFolded(string source, string path)
    {
        _ = RuntimeLibrary.Environment;
        using var session = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC,
            IntraOpNumThreads = 1,
            OptimizedModelFilePath = path,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        session.AddSessionConfigEntry("session.optimized_model_external_initializers_file_name", "folded.bin");
        session.AddSessionConfigEntry("session.optimized_model_external_initializers_min_size_in_bytes", "1024");
        session.AddSessionConfigEntry("session.disable_prepacking", "1");
        new InferenceSession(source, session).Dispose();
    }

    /// <summary>
    /// Whether two graphs answer alike to made-up inputs: every output's cosine is 1 up to rounding. Where the copy takes shorter texts, texts
    /// of several lengths must come out alike whatever the model itself is shown behind their end.
    /// </summary>
    public static bool AnswerAlike(string source, string copy)
    {
        using InferenceSession before = Open(source, GraphOptimizationLevel.ORT_ENABLE_ALL), after = Open(copy, GraphOptimizationLevel.ORT_DISABLE_ALL);
        int[] whole = before.InputMetadata[before.InputNames[0]].Dimensions;
        bool isFree = after.ModelMetadata.CustomMetadataMap.ContainsKey(TokenAxis.MostTokens);
        int[] lengths = isFree ? [1, 2, 3, whole[^1] / 3, whole[^1] / 2, whole[^1] - 1, whole[^1]] : [0];
        return lengths.All(length => AnswerAlike(before, after, length));
    }

    static bool AnswerAlike(InferenceSession before, InferenceSession after, int length) =>
        Answer(before, before, length, isCut: false) is { } whole && Answer(after, before, length, isCut: length > 0) is { } cut
            && whole.Zip(cut).All(pair => AreAlike(pair.First, pair.Second));

    static InferenceSession Open(string path, GraphOptimizationLevel level)
    {
        using var options = new SessionOptions { GraphOptimizationLevel = level, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        return new InferenceSession(path, options);
    }

    static bool AreAlike(float[] before, float[] after) => before.Length == after.Length
        && (before.AsSpan().SequenceEqual(after) || TensorPrimitives.CosineSimilarity<float>(before, after) >= LeastCosine);

    /// <param name="session">Which is asked.</param>
    /// <param name="like">Whose inputs are made up.</param>
    /// <param name="length">0, or the tokens of a text: the last of them has the highest number, as an end has.</param>
    /// <param name="isCut">What stands behind them is left out.</param>
    static List<float[]>? Answer(InferenceSession session, InferenceSession like, int length, bool isCut)
    {
        var inputs = new List<OrtValue>();
        try
        {
            foreach (string name in session.InputNames)
            {
                NodeMetadata input = like.InputMetadata[name];
                if (!input.IsTensor || MakeUp(input.ElementDataType, input.Dimensions, length, isCut) is not { } value)
                {
                    return null;
                }

                inputs.Add(value);
            }

            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, session.InputNames, inputs, session.OutputNames);
            return outputs.All(output => output.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float)
                ? [.. outputs.Select(output => output.GetTensorDataAsSpan<float>().ToArray())]
                : null;
        }
        finally
        {
            inputs.ForEach(input => input.Dispose());
        }
    }

    /// <summary>Values from -2 to 2, or numbers of tokens; the same every time. Null for other types.</summary>
    static OrtValue? MakeUp(TensorElementType type, int[] dimensions, int length, bool isCut)
    {
        long[] shape = [.. dimensions.Select(size => (long)Math.Max(1, size))];
        shape[^1] = isCut ? length : shape[^1];
        int count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
        uint TokenAt(int place, uint number) => place == length - 1 ? HighestToken : (number % (HighestToken - 1)) + 1;
        return type switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(Each(count, (_, number) => ((number % 4001) / 1000f) - 2), shape),
            TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory(Each(count, (place, number) => (int)TokenAt(place, number)), shape),
            TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory(Each(count, (place, number) => (long)TokenAt(place, number)), shape),
            _ => null,
        };
    }

    static T[] Each<T>(int count, Func<int, uint, T> make)
    {
        var values = new T[count];
        uint state = 12345;
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525) + 1013904223;
            values[i] = make(i, state >> 8);
        }

        return values;
    }
}
