using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>
/// Inputs that a model can be tried with, the same every time: values from -2 to 2 for pictures or any byte, numbers of tokens for texts.
/// They are told by their types and shapes alone, so a graph that takes the same can be shown the same.
/// </summary>
/// <param name="Inputs">Name, type and shape of each, in the model's order.</param>
/// <param name="Length">0, or the tokens of a text: the last of them has the highest number, as an end has.</param>
sealed record MadeUpInputs(IReadOnlyList<(string Name, TensorElementType Type, long[] Shape)> Inputs, int Length)
{
    /// <summary>No text model knows fewer.</summary>
    const uint HighestToken = 250;

    /// <summary>A side that is left free, of a picture: a multiple of every detector's stride.</summary>
    const int FreeSide = 64;

    /// <returns>Null where a model takes something else than tensors of these types.</returns>
    public static MadeUpInputs? For(InferenceSession session, int length)
    {
        var inputs = new List<(string, TensorElementType, long[])>();
        foreach (string name in session.InputNames)
        {
            NodeMetadata input = session.InputMetadata[name];
            if (!input.IsTensor || input.ElementDataType
                is not (TensorElementType.Float or TensorElementType.UInt8 or TensorElementType.Int32 or TensorElementType.Int64))
            {
                return null;
            }

            // NCHW, or NHWC where pixels are taken as they are.
            int[] given = input.Dimensions;
            int height = input.ElementDataType == TensorElementType.UInt8 && given is not [_, 3, _, _] ? 1 : 2;
            bool IsSide(int axis) => given.Length == 4 && (axis == height || axis == height + 1);
            IEnumerable<long> shape = given.Select((size, axis) => size > 0 ? size : (long)(IsSide(axis) ? FreeSide : 1));
            inputs.Add((name, input.ElementDataType, [.. shape]));
        }

        return new MadeUpInputs(inputs, length);
    }

    /// <summary>The same texts without what stands behind their end.</summary>
    public MadeUpInputs CutTo(int length) =>
        this with { Inputs = [.. Inputs.Select(input => (input.Name, input.Type, (long[])[.. input.Shape[..^1], length]))] };

    /// <summary>Every output's values, one after the other; null where one is neither float nor half.</summary>
    /// <exception cref="OnnxRuntimeException">The model fails on them.</exception>
    public IReadOnlyList<float[]>? Answer(InferenceSession session)
    {
        var inputs = new List<OrtValue>();
        try
        {
            inputs.AddRange(Inputs.Select(Make));
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(
                run, [.. Inputs.Select(input => input.Name)], inputs, session.OutputNames);
            float[][] answers = [.. outputs.Select(OrtOutput.FloatsOf).OfType<float[]>()];
            return answers.Length == outputs.Count ? answers : null;
        }
        finally
        {
            inputs.ForEach(input => input.Dispose());
        }
    }

    /// <summary>True where every output has as many values as the other's, all finite, and their cosine is high enough.</summary>
    public static bool AreAlike(IReadOnlyList<float[]> some, IReadOnlyList<float[]> others, double leastCosine) =>
        some.Count == others.Count && some.Zip(others).All(pair => AreAlike(pair.First, pair.Second, leastCosine));

    static bool AreAlike(float[] one, float[] other, double leastCosine) =>
        one.Length == other.Length && OrtOutput.AreFinite(one) && OrtOutput.AreFinite(other)
        && (one.AsSpan().SequenceEqual(other) || TensorPrimitives.CosineSimilarity<float>(one, other) >= leastCosine);

    OrtValue Make((string Name, TensorElementType Type, long[] Shape) input)
    {
        int count = checked((int)TensorPrimitives.Product<long>(input.Shape));
        bool isMask = input.Name == "attention_mask";
        uint TokenAt(int index, uint number) => isMask ? 1 : index == Length - 1 ? HighestToken : (number % (HighestToken - 1)) + 1;
        return input.Type switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory(
                Each(count, (_, number) => ((number % 4001) / 1000f) - 2), input.Shape),
            TensorElementType.UInt8 => OrtValue.CreateTensorValueFromMemory(Each(count, (_, number) => (byte)number), input.Shape),
            TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory(
                Each(count, (index, number) => (int)TokenAt(index, number)), input.Shape),
            _ => OrtValue.CreateTensorValueFromMemory(Each(count, (index, number) => (long)TokenAt(index, number)), input.Shape),
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
