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
    public const int Version = 1;

    const string GraphName = "rewritten.onnx";
    const string JoinedName = "joined.bin";

    /// <summary>Of the answers before and after, over all outputs.</summary>
    const double LeastCosine = 0.999999;

    /// <returns>The rewritten graph in the folder; null where there was nothing to do.</returns>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    /// <exception cref="InvalidDataException">What ONNX Runtime saved cannot be read.</exception>
    public static string? Rewrite(string source, string folder)
    {
        string path = Path.Combine(folder, GraphName);
        SaveWithConstantsFolded(source, path);
        GraphModel model = GraphModel.Read(path);
        if (model.Nodes.Any(node => node.HasGraph))
        {
            return null;
        }

        int changes = RowPruning.Apply(model);
        using (FileStream joined = File.Create(Path.Combine(folder, JoinedName)))
        {
            changes += AttentionFusion.Apply(model, joined);
        }

        if (changes == 0)
        {
            return null;
        }

        File.WriteAllBytes(path, model.ToBytes());
        return path;
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

    /// <summary>Whether two graphs answer alike to made-up inputs: every output's cosine is 1 up to rounding.</summary>
    public static bool AnswerAlike(string source, string copy)
    {
        List<float[]>? before = Answer(source, GraphOptimizationLevel.ORT_ENABLE_ALL);
        List<float[]>? after = before is null ? null : Answer(copy, GraphOptimizationLevel.ORT_DISABLE_ALL);
        return after is not null && before!.Zip(after).All(pair => AreAlike(pair.First, pair.Second));
    }

    static bool AreAlike(float[] before, float[] after) => before.Length == after.Length
        && (before.AsSpan().SequenceEqual(after) || TensorPrimitives.CosineSimilarity<float>(before, after) >= LeastCosine);

    static List<float[]>? Answer(string path, GraphOptimizationLevel level)
    {
        using var options = new SessionOptions { GraphOptimizationLevel = level, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry("session.disable_prepacking", "1");
        using var session = new InferenceSession(path, options);
        var inputs = new List<OrtValue>();
        try
        {
            foreach (string name in session.InputNames)
            {
                NodeMetadata input = session.InputMetadata[name];
                if (!input.IsTensor || MakeUp(input.ElementDataType, input.Dimensions) is not { } value)
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
    static OrtValue? MakeUp(TensorElementType type, int[] dimensions)
    {
        long[] shape = [.. dimensions.Select(size => (long)Math.Max(1, size))];
        int count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
        return type switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(Each(count, number => ((number % 4001) / 1000f) - 2), shape),
            TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory(Each(count, number => (int)(number % 250) + 1), shape),
            TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory(Each(count, number => (long)(number % 250) + 1), shape),
            _ => null,
        };
    }

    static T[] Each<T>(int count, Func<uint, T> make)
    {
        var values = new T[count];
        uint state = 12345;
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525) + 1013904223;
            values[i] = make(state >> 8);
        }

        return values;
    }
}
