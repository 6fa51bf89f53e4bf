namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Numbers that one output may hold. ONNX Runtime has them by then; what it bounds is the copies of them, and what reads them. A recognizer
/// of text has the largest real ones: lines times steps times classes, 44 million of a full batch with 18,385 characters.
/// </summary>
static class OutputLimit
{
    const long OfText = 1L << 28;
    const long OfOthers = 1L << 24;

    static long Most(ModelKind kind) => kind.Task == ModelKind.TextDetection.Task ? OfText : OfOthers;

    /// <summary>A dimension that is free is -1 and counts as 1.</summary>
    public static bool Holds(ModelKind kind, ReadOnlySpan<long> dimensions)
    {
        long left = Most(kind);
        foreach (long dimension in dimensions)
        {
            left /= Math.Max(1, dimension);
        }

        return left > 0;
    }

    /// <summary>Before a value is touched.</summary>
    /// <exception cref="ModelException">There are more.</exception>
    public static void Check(ModelKey key, ReadOnlySpan<long> dimensions)
    {
        if (!Holds(key.Kind, dimensions))
        {
            throw key.Unusable($"answers with [{string.Join(", ", dimensions.ToArray())}] numbers, "
                + $"more than the {Most(key.Kind)} that it may.");
        }
    }
}
