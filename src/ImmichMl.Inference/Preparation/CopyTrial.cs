using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Preparation;

/// <summary>What the model itself answered to made-up inputs when its copy was made: a copy that answers otherwise is not used.</summary>
/// <param name="Inputs">As the copy takes them.</param>
/// <param name="Answers">Every output of the model itself.</param>
sealed record CopyTrial(MadeUpInputs Inputs, IReadOnlyList<float[]> Answers)
{
    /// <summary>Of every output. Copies differ by the order of sums, some 1e-7; a damaged block of 64 KiB makes 3e-3.</summary>
    const double LeastCosine = 0.99999;

    /// <summary>
    /// Where activations become whole numbers, the order of sums turns some of them into their neighbours.
    /// </summary>
    const double LeastRoundedCosine = 0.9999;

    const int MostValues = 1 << 26;

    /// <summary>Asks the model itself.</summary>
    /// <param name="source">The model.</param>
    /// <param name="mostTokens">Of a copy that takes shorter texts; else 0.</param>
    /// <param name="isCut">It takes shorter texts itself.</param>
    /// <returns>Null for a model that cannot be tried with made-up inputs, or whose answer to them is no finite numbers.</returns>
    public static CopyTrial? Ask(InferenceSession source, int mostTokens, bool isCut = false)
    {
        int length = mostTokens / 3;
        try
        {
            return MadeUpInputs.For(source, length) is { } whole && (length > 0 ? whole.CutTo(length) : whole) is { } cut
                && (isCut ? cut : whole).Answer(source) is { } answers && answers.All(answer => OrtOutput.AreFinite(answer))
                ? new CopyTrial(cut, answers)
                : null;
        }
        catch (OnnxRuntimeException)
        {
            return null; // Its sizes belong together in a way that its declaration does not tell.
        }
    }

    public bool Passes(InferenceSession copy, bool rounds) => Inputs.Answer(copy) is { } answers
        && MadeUpInputs.AreAlike(Answers, answers, rounds ? LeastRoundedCosine : LeastCosine);

    public void Write(string path)
    {
        using var file = new BinaryWriter(File.Create(path));
        file.Write(Inputs.Length);
        file.Write(Inputs.Inputs.Count);
        foreach ((string name, TensorElementType type, long[] shape) in Inputs.Inputs)
        {
            file.Write(name);
            file.Write((int)type);
            file.Write(shape.Length);
            Array.ForEach(shape, file.Write);
        }

        file.Write(Answers.Count);
        foreach (float[] answer in Answers)
        {
            file.Write(answer.Length);
            Array.ForEach(answer, file.Write);
        }
    }

    /// <exception cref="InvalidDataException">It was not written by <see cref="Write"/>.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CopyTrial Read(string path)
    {
        using var file = new BinaryReader(File.OpenRead(path));
        int length = Count(file, MostValues);
        var inputs = new (string, TensorElementType, long[])[Count(file, 64)];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = (file.ReadString(), (TensorElementType)file.ReadInt32(), new long[Count(file, 16)]);
            foreach (ref long size in inputs[i].Item3.AsSpan())
            {
                size = Count64(file, MostValues);
            }
        }

        var answers = new float[Count(file, 64)][];
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = new float[Count(file, MostValues)];
            foreach (ref float value in answers[i].AsSpan())
            {
                value = file.ReadSingle();
            }
        }

        return new CopyTrial(new MadeUpInputs(inputs, length), answers);
    }

    static int Count(BinaryReader file, int most) =>
        file.ReadInt32() is >= 0 and var count && count <= most ? count : throw new InvalidDataException("a count is out of bounds");

    static long Count64(BinaryReader file, long most) =>
        file.ReadInt64() is >= 0 and var count && count <= most ? count : throw new InvalidDataException("a size is out of bounds");
}
