using ImmichMl.Inference.Sessions;
using ImmichMl.Models;

namespace ImmichMl.Inference.Accelerators;

/// <summary>A model on hardware that has a runtime of its own beside ONNX Runtime: flat arrays in and out, shapes fixed in its file.</summary>
abstract class NpuSession(ModelKey key) : ModelSession
{
    protected ModelKey Key { get; } = key;

    public override T Run<T>(Memory<float> input, long[] dimensions, OutputReader<T> read, CancellationToken cancellation)
    {
        OutputTensor first = Execute(input, dimensions, cancellation)[0];
        return read(first.Values, first.Dimensions);
    }

    public override IReadOnlyList<OutputTensor> RunAll(Memory<float> input, long[] dimensions, CancellationToken cancellation) =>
        Execute(input, dimensions, cancellation);

    public override T RunIntegers<T>(IReadOnlyList<long[]> inputs, int rows, OutputReader<T> read, CancellationToken cancellation) =>
        rows == 1 && ExecuteIntegers(inputs, cancellation)[0] is var first
            ? read(first.Values, first.Dimensions)
            : throw Unusable($"it takes one text at a time, not {rows}.");

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
