namespace ImmichMl.Inference.Sessions;

/// <summary>A model that ONNX Runtime runs.</summary>
sealed class OnnxSession : ModelSession
{
    readonly ModelKey _key;
    readonly GraphSessions _sessions;
    readonly string[] _inputNames;
    readonly string[] _outputNames;
    readonly long _arenaKeep;
    readonly bool _isStrict;

    OnnxSession(OnnxSession other)
    {
        (_key, _sessions, _arenaKeep, _isStrict) = (other._key, other._sessions, other._arenaKeep, true);
        (_inputNames, _outputNames) = (other._inputNames, other._outputNames);
        (Inputs, Outputs, Metadata) = (other.Inputs, other.Outputs, other.Metadata);
    }

    OnnxSession(ModelKey key, InferenceSession first, GraphSessions sessions, long arenaKeep)
    {
        _key = key;
        _sessions = sessions;
        _arenaKeep = arenaKeep;
        Inputs = Describe(first.InputNames, first.InputMetadata);
        Outputs = Describe(first.OutputNames, first.OutputMetadata);
        Metadata = first.ModelMetadata.CustomMetadataMap;
        _inputNames = [.. Inputs.Select(input => input.Name)];
        _outputNames = [.. Outputs.Select(output => output.Name)];
    }

    /// <summary>
    /// Takes over the session, or sessions of one graph; <paramref name="arenaKeep"/> bytes may lie free in the arena after a run.
    /// </summary>
    internal static OnnxSession Over(ModelKey key, InferenceSession first, long arenaKeep, GraphSessions? others = null)
    {
        GraphSessions sessions = others ?? new GraphSessions(first);
        try
        {
            return new OnnxSession(key, first, sessions, arenaKeep);
        }
        catch
        {
            sessions.Dispose();
            throw;
        }
    }

    /// <summary>The same session, of which a run fails that gives a number that is not finite in any output.</summary>
    internal OnnxSession Strict() => new(this);

    /// <summary>Hands one of the sessions of the graph to a check.</summary>
    internal string? Try(Func<InferenceSession, string?> check) => _sessions.Run(isOneOfMany: false, check);

    public override IReadOnlyList<TensorInfo> Inputs { get; }

    public override IReadOnlyList<TensorInfo> Outputs { get; }

    public override IReadOnlyDictionary<string, string> Metadata { get; }

    public override bool RunsSideBySide => true;

    internal override T Run<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation)
    {
        try
        {
            return RunOnce(feed, all, read, cancellation);
        }
        catch (InferenceException e) when (e.Fault == InferenceFault.OutOfMemory)
        {
            FreeMemory();
            return RunOnce(feed, all, read, cancellation);
        }
    }

    /// <summary>What other runs have left in the arena goes back, and what the collector holds.</summary>
    internal static void FreeMemory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        CpuArena.Shrink();
    }

    T RunOnce<T>(ModelFeed feed, bool all, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation)
    {
        OrtValue[] values = [];
        using var run = new RunOptions();
        using CancellationTokenRegistration stop = cancellation.Register(() => run.Terminate = true);
        try
        {
            values = ToValues(feed, Inputs);
            return _sessions.Run(RunKind.IsOneOfMany, session =>
            {
                using IDisposableReadOnlyCollection<OrtValue> outputs =
                    session.Run(run, _inputNames[..values.Length], values, all ? _outputNames : _outputNames[..1]);
                return !_isStrict || outputs.All(OrtOutput.IsFinite)
                    ? read(OrtOutput.Of(_key, outputs))
                    : throw InferenceException.NotFinite(_key);
            });
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException e) when (IsOutOfMemory(e))
        {
            throw new InferenceException(InferenceFault.OutOfMemory, $"Memory does not suffice to run model {_key}.", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw _key.Unusable($"fails: {e.Message}", e);
        }
        finally
        {
            Array.ForEach(values, value => value.Dispose());
            CpuArena.ShrinkOver(_arenaKeep);
        }
    }

    /// <summary>In the order of the inputs; whole numbers of the type that the model takes, floats as half where it wants those.</summary>
    internal static OrtValue[] ToValues(ModelFeed feed, IReadOnlyList<TensorInfo> inputs) => feed switch
    {
        { Rows: { } rows } => [.. rows.Select((values, index) => ModelFeed.IsTokenEmbeds(inputs[index]) && feed.TokenEmbeds is { } embeds
            ? ToValue(embeds, rows[0].Length)
            : ToValue(inputs[index].ElementType, values, [feed.RowCount, values.Length / feed.RowCount]))],
        { Pixels: { } pixels } => [OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, pixels, feed.Dimensions)],
        _ => [ToValue(inputs[0].ElementType, feed.Floats!.Value, feed.Dimensions)],
    };

    static OrtValue ToValue(Array embeds, int tokens)
    {
        long[] shape = [1, tokens, embeds.Length / tokens];
        return embeds is Float16[] halves ? OrtValue.CreateTensorValueFromMemory(halves, shape)
            : OrtValue.CreateTensorValueFromMemory((float[])embeds, shape);
    }

    static OrtValue ToValue(TensorElementType type, long[] values, long[] dimensions) => type == TensorElementType.Int64
        ? OrtValue.CreateTensorValueFromMemory(values, dimensions)
        : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, id => (int)id), dimensions);

    static OrtValue ToValue(TensorElementType type, Memory<float> input, long[] dimensions)
    {
        if (type != TensorElementType.Float16)
        {
            return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, input, dimensions);
        }

        var halves = new Float16[input.Length];
        TensorPrimitives.ConvertToHalf(input.Span, MemoryMarshal.Cast<Float16, Half>(halves.AsSpan()));
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, halves.AsMemory(), dimensions);
    }

    internal static TensorInfo[] Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata) =>
        [.. names.Select(name => metadata[name].IsTensor
            ? new TensorInfo(name, metadata[name].ElementDataType, metadata[name].Dimensions)
            : new TensorInfo(name, TensorElementType.DataTypeMax, []))];

    /// <summary>ONNX Runtime has no code for it: a failed allocation is told by its message alone.</summary>
    internal static bool IsOutOfMemory(OnnxRuntimeException e) =>
        e.Message.Contains("Failed to allocate memory", StringComparison.Ordinal)
        || e.Message.Contains("Cannot allocate memory", StringComparison.Ordinal)
        || e.Message.Contains("bad_alloc", StringComparison.Ordinal)
        || e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase);

    /// <summary>It failed at what the system gives or refuses (errno in words), which says nothing about the model.</summary>
    internal static bool IsPassing(OnnxRuntimeException e) =>
        s_passing.Any(word => e.Message.Contains(word, StringComparison.OrdinalIgnoreCase));

    static readonly string[] s_passing =
    [
        "Too many open files", "Permission denied", "pthread_create", "Resource temporarily unavailable", "Input/output error",
        "Stale file handle",
    ];

    public override void Dispose() => _sessions.Dispose();
}
