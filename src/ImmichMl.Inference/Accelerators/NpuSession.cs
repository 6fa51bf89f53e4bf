using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Accelerators;

/// <summary>
/// A model on hardware that has a runtime of its own beside ONNX Runtime: flat arrays in and out, shapes fixed in its file.
/// </summary>
abstract class NpuSession(ModelKey key) : ModelSession
{
    protected ModelKey Key { get; } = key;

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
        read([.. Execute(feed, cancellation).Select(output => new CopiedOutput(output))]);

    OutputTensor[] Execute(ModelFeed feed, CancellationToken cancellation) => feed switch
    {
        { Floats: { } floats } => Execute(floats, feed.Dimensions, cancellation),
        { Rows: { } rows, RowCount: 1 } => ExecuteIntegers(rows, cancellation),
        { Rows: not null } => throw Unusable($"it takes one text at a time, not {feed.RowCount}."),
        _ => throw Unusable("its file takes no pixels."),
    };

    sealed class CopiedOutput(OutputTensor output) : OutputView
    {
        public override long[] Dimensions => output.Dimensions;

        public override ReadOnlySpan<float> Values => output.Values;
    }

    protected abstract OutputTensor[] Execute(ReadOnlyMemory<float> input, long[] dimensions, CancellationToken cancellation);

    protected abstract OutputTensor[] ExecuteIntegers(IReadOnlyList<long[]> rows, CancellationToken cancellation);

    /// <summary>Its file says how large its answers are, and that much is set aside for each run.</summary>
    /// <exception cref="InvalidDataException">More than any model has.</exception>
    protected void CheckOutputs()
    {
        if (Outputs.Any(output => !OutputLimit.Holds(Key.Kind, Array.ConvertAll(output.Dimensions, dimension => (long)dimension))))
        {
            throw new InvalidDataException("it answers with more numbers than any model");
        }
    }

    protected ModelException Unusable(string why) => new(ModelFault.Unusable, $"Model {Key}: {why}");
}
