using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Inference.Sessions;

/// <summary>One input or output of a model. A free dimension is -1.</summary>
public readonly record struct TensorInfo(string Name, TensorElementType ElementType, int[] Dimensions);

/// <summary>What came out of a run: values in row-major order.</summary>
public readonly record struct OutputTensor(float[] Values, long[] Dimensions);

/// <summary>Reads an output: values in row-major order, and the dimensions.</summary>
public delegate T OutputReader<T>(ReadOnlySpan<float> values, long[] dimensions);

/// <summary>An output where it lies; its values are gone when the reader returns.</summary>
public abstract class OutputView
{
    public abstract long[] Dimensions { get; }

    public abstract ReadOnlySpan<float> Values { get; }
}

sealed class CopiedOutput(OutputTensor output) : OutputView
{
    public override long[] Dimensions => output.Dimensions;

    public override ReadOnlySpan<float> Values => output.Values;
}

/// <summary>One loaded model, whatever runs it. Runs may overlap; disposing waits for nobody.</summary>
public abstract class ModelSession : IDisposable
{
    public abstract IReadOnlyList<TensorInfo> Inputs { get; }

    public abstract IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>What the exporter wrote beside the graph.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>A batch of more than one gains nothing there, or every size is compiled anew.</summary>
    public virtual bool WantsSingles => false;

    /// <summary>Feeds the only input and returns the first output, both as float32 whatever the model's own precision.</summary>
    /// <exception cref="InferenceException">Memory ran out.</exception>
    /// <exception cref="ModelException">The model fails on its input or gives no float output.</exception>
    public OutputTensor Run(Memory<float> input, long[] dimensions, CancellationToken cancellation) =>
        Run(input, dimensions, static (values, shape) => new OutputTensor(values.ToArray(), shape), cancellation);

    /// <summary>As above, but reads a large output where it lies. The span is gone when <paramref name="read"/> returns.</summary>
    public abstract T Run<T>(Memory<float> input, long[] dimensions, OutputReader<T> read, CancellationToken cancellation);

    /// <summary>As above, with every output in the model's order.</summary>
    public abstract IReadOnlyList<OutputTensor> RunAll(Memory<float> input, long[] dimensions, CancellationToken cancellation);

    /// <summary>As above, read where they lie if that can be: a detector's outputs come to a megabyte.</summary>
    public virtual T RunAll<T>(Memory<float> input, long[] dimensions, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
        read([.. RunAll(input, dimensions, cancellation).Select(output => new CopiedOutput(output))]);

    /// <summary>Feeds every input a row of whole numbers, in the model's order and of the width it takes, and returns the first output.</summary>
    public OutputTensor RunIntegers(IReadOnlyList<long[]> inputs, CancellationToken cancellation) => RunIntegers(inputs, 1, cancellation);

    /// <summary>As above, with several rows for each input, one after the other: [rows, width].</summary>
    public OutputTensor RunIntegers(IReadOnlyList<long[]> inputs, int rows, CancellationToken cancellation) =>
        RunIntegers(inputs, rows, static (values, shape) => new OutputTensor(values.ToArray(), shape), cancellation);

    /// <summary>As above, but reads the output where it lies.</summary>
    public abstract T RunIntegers<T>(IReadOnlyList<long[]> inputs, int rows, OutputReader<T> read, CancellationToken cancellation);

    /// <summary>Nobody runs it for now: what it keeps for the next run beside its weights may go.</summary>
    internal virtual void ReturnMemory()
    {
    }

    public abstract void Dispose();
}
