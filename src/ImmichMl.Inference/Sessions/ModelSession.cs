namespace ImmichMl.Inference.Sessions;

/// <summary>One input or output of a model, as its graph declares it.</summary>
/// <param name="Name">The graph's name for it.</param>
/// <param name="ElementType">Of its numbers; DataTypeMax for what is no tensor.</param>
/// <param name="Dimensions">Outermost first; a free dimension is -1.</param>
public sealed record TensorInfo(string Name, TensorElementType ElementType, int[] Dimensions);

/// <summary>One output of a run, copied: the caller's.</summary>
/// <param name="Values">In row-major order; float32 whatever the model's own precision.</param>
/// <param name="Dimensions">Outermost first; their product is the number of values.</param>
public readonly record struct OutputTensor(float[] Values, long[] Dimensions);

/// <summary>Reads an output where it lies: values in row-major order, gone when it returns, and the dimensions.</summary>
public delegate T OutputReader<T>(ReadOnlySpan<float> values, long[] dimensions);

/// <summary>An output where it lies; its values are gone when the reader returns.</summary>
public abstract class OutputView
{
    /// <summary>Outermost first.</summary>
    public abstract long[] Dimensions { get; }

    /// <summary>In row-major order.</summary>
    public abstract ReadOnlySpan<float> Values { get; }
}

/// <summary>What one run is fed: floats or pixels for the only input, or rows of whole numbers for each.</summary>
readonly record struct ModelFeed
{
    /// <summary>For the only input, in row-major order; null where there are rows or pixels.</summary>
    public Memory<float>? Floats { get; init; }

    /// <summary>For the only input where it takes uint8, in row-major order.</summary>
    public Memory<byte>? Pixels { get; init; }

    /// <summary>The shape of those, in full.</summary>
    public long[] Dimensions { get; init; }

    /// <summary>For each input, in the model's order, <see cref="RowCount"/> rows one after the other; null for pictures.</summary>
    public IReadOnlyList<long[]>? Rows { get; init; }

    /// <summary>Rows of each input.</summary>
    public int RowCount { get; init; }

    /// <summary>
    /// For the input of that name beside rows: the embedding of each token, [1, tokens, width], single precision or half. Null where the
    /// graph looks them up.
    /// </summary>
    public Array? TokenEmbeds { get; init; }

    public static bool IsTokenEmbeds(TensorInfo input) => input.Name == "token_embeds";
}

/// <summary>
/// One loaded model, whatever runs it. Runs may overlap. <see cref="Dispose"/> waits for nobody: whoever shares a session sees to it
/// (<see cref="SessionCache"/>) that no run is on it any more.
/// </summary>
public abstract class ModelSession : IDisposable
{
    /// <summary>In the model's order.</summary>
    public abstract IReadOnlyList<TensorInfo> Inputs { get; }

    /// <summary>In the model's order.</summary>
    public abstract IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>What the exporter wrote beside the graph; empty where the file holds none.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>A batch of more than one gains nothing there, or every size is compiled anew.</summary>
    public virtual bool WantsSingles => false;

    /// <summary>Rows in runs of their own, side by side on one thread each, cost less there than in one run on all threads.</summary>
    public virtual bool RunsSideBySide => false;

    /// <summary>What it calculates in, as the settings call it. It may change while the model is loaded.</summary>
    public virtual string Precision => "fp32";

    /// <summary>Feeds the only input and returns the first output, both as float32 whatever the model's own precision.</summary>
    /// <exception cref="InferenceException">Memory ran out.</exception>
    /// <exception cref="ModelException">The model fails on its input, or gives no float output or a larger one than any model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; a run that is on is stopped between two operators.</exception>
    public OutputTensor Run(Memory<float> input, long[] dimensions, CancellationToken cancellation) =>
        Run(input, dimensions, static (values, shape) => new OutputTensor(values.ToArray(), shape), cancellation);

    /// <summary>As above, but reads a large output where it lies. The span is gone when <paramref name="read"/> returns.</summary>
    public T Run<T>(Memory<float> input, long[] dimensions, OutputReader<T> read, CancellationToken cancellation) =>
        Run(new ModelFeed { Floats = input, Dimensions = dimensions }, read, cancellation);

    /// <summary>As above, with pictures of whatever type the model takes.</summary>
    internal T Run<T>(ModelFeed feed, OutputReader<T> read, CancellationToken cancellation) =>
        Run(feed, all: false, outputs => read(outputs[0].Values, outputs[0].Dimensions), cancellation);

    /// <summary>
    /// Feeds every input a row of whole numbers, in the model's order and of the width it takes, and returns the first output.
    /// </summary>
    public OutputTensor RunIntegers(IReadOnlyList<long[]> inputs, CancellationToken cancellation) =>
        RunIntegers(inputs, 1, static (values, shape) => new OutputTensor(values.ToArray(), shape), cancellation);

    /// <summary>As above, with several rows for each input, one after the other: [rows, width]; reads the output where it lies.</summary>
    public T RunIntegers<T>(IReadOnlyList<long[]> inputs, int rows, OutputReader<T> read, CancellationToken cancellation) =>
        Run(new ModelFeed { Rows = inputs, RowCount = rows, Dimensions = [] }, read, cancellation);

    /// <summary>One run, of whatever kind: the first output, or all of them, read where they lie.</summary>
    internal abstract T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation);

    /// <summary>Nobody runs it for now: what it keeps for the next run beside its weights may go.</summary>
    internal virtual void ReturnMemory()
    {
    }

    public abstract void Dispose();
}
