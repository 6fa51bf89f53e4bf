using ImmichMl.Models;

namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Numbers that one output may hold. ONNX Runtime has them by then; what it bounds is the copies of them, and what reads them. A recognizer
/// of text has the largest real ones: lines times steps times classes, 44 million of a full batch with 18,385 characters.
/// </summary>
static class OutputLimit
{
    const long OfText = 1L << 28;
    const long OfOthers = 1L << 24;

    /// <summary>Before a value is touched. A declared dimension that is free is -1 and counts as 1.</summary>
    /// <exception cref="ModelException">There are more.</exception>
    public static void Check(ModelKey key, ReadOnlySpan<long> dimensions)
    {
        long most = key.Kind.Task == ModelKind.TextDetection.Task ? OfText : OfOthers;
        long left = most;
        foreach (long dimension in dimensions)
        {
            left /= Math.Max(1, dimension);
        }

        if (left == 0)
        {
            throw new ModelException(
                ModelFault.Unusable, $"Model {key} answers with [{string.Join(", ", dimensions.ToArray())}] numbers, more than the {most} that it may.");
        }
    }
}
