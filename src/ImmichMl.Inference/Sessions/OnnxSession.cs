using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using ImmichMl.Models;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ImmichMl.Inference.Sessions;

/// <summary>A model that ONNX Runtime runs.</summary>
sealed class OnnxSession : ModelSession
{
    readonly ModelKey _key;
    readonly GraphSessions _sessions;
    readonly string[] _outputNames;
    readonly long _arenaKeep;
    readonly bool _isStrict;

    OnnxSession(OnnxSession other)
    {
        (_key, _sessions, _outputNames, _arenaKeep, _isStrict) = (other._key, other._sessions, other._outputNames, other._arenaKeep, true);
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
        _outputNames = [.. Outputs.Select(output => output.Name)];
    }

    /// <summary>Takes over the session, or sessions of one graph; <paramref name="arenaKeep"/> bytes may lie free in the arena after a run.</summary>
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

    public override IReadOnlyList<OutputTensor> RunAll(Memory<float> input, long[] dimensions, CancellationToken cancellation) =>
        Run(input, dimensions, _outputNames, static (session, outputs) => outputs.Select(session.ToTensor).ToArray(), cancellation);

    public override T RunAll<T>(Memory<float> input, long[] dimensions, Func<IReadOnlyList<OutputView>, T> read, CancellationToken cancellation) =>
        Run(
            input, dimensions, _outputNames, (session, outputs) => read([.. outputs.Select(output => new OnnxOutput(session, output))]), cancellation);

    public override T Run<T>(Memory<float> input, long[] dimensions, OutputReader<T> read, CancellationToken cancellation) =>
        Run(
            input, dimensions, [Outputs[0].Name],
            (session, outputs) => Read(session._key, outputs[0], read), cancellation);

    public override T RunIntegers<T>(IReadOnlyList<long[]> inputs, int rows, OutputReader<T> read, CancellationToken cancellation) =>
        Run(
            [.. Inputs.Select(input => input.Name)], () => [.. inputs.Select((values, index) => ToValue(Inputs[index].ElementType, values, rows))],
            [Outputs[0].Name], (session, outputs) => Read(session._key, outputs[0], read), cancellation);

    T Run<T>(
        Memory<float> input, long[] dimensions, IReadOnlyCollection<string> names, Func<OnnxSession, IReadOnlyList<OrtValue>, T> read, CancellationToken cancellation) =>
        Run([Inputs[0].Name], () => [ToValue(Inputs[0].ElementType, input, dimensions)], names, read, cancellation);

    T Run<T>(
        IReadOnlyCollection<string> inputs, Func<OrtValue[]> feed, IReadOnlyCollection<string> names,
        Func<OnnxSession, IReadOnlyList<OrtValue>, T> read, CancellationToken cancellation)
    {
        try
        {
            return RunOnce(inputs, feed, names, read, cancellation);
        }
        catch (InferenceException e) when (e.Fault == InferenceFault.OutOfMemory)
        {
            FreeMemory();
            return RunOnce(inputs, feed, names, read, cancellation);
        }
    }

    /// <summary>What other runs have left in the arena goes back, and what the collector holds.</summary>
    internal static void FreeMemory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        CpuArena.Shrink();
    }

    T RunOnce<T>(
        IReadOnlyCollection<string> inputs, Func<OrtValue[]> feed, IReadOnlyCollection<string> names,
        Func<OnnxSession, IReadOnlyList<OrtValue>, T> read, CancellationToken cancellation)
    {
        OrtValue[] values = [];
        using var run = new RunOptions();
        using CancellationTokenRegistration stop = cancellation.Register(() => run.Terminate = true);
        try
        {
            values = feed();
            return _sessions.Run(RunKind.IsOneOfMany, session =>
            {
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, inputs, values, names);
                if (_isStrict && !outputs.All(IsFinite))
                {
                    throw InferenceException.NotFinite(_key);
                }

                return read(this, outputs);
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
            throw new ModelException(ModelFault.Unusable, $"Model {_key} fails: {e.Message}", e);
        }
        finally
        {
            foreach (OrtValue value in values)
            {
                value.Dispose();
            }

            CpuArena.ShrinkOver(_arenaKeep);
        }
    }

    /// <summary>True where no value is infinite or not a number.</summary>
    internal static bool AreFinite(ReadOnlySpan<float> values) => values.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(values));

    static bool IsFinite(OrtValue output) => output.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Float => AreFinite(output.GetTensorDataAsSpan<float>()),
        TensorElementType.Float16 => !MemoryMarshal.Cast<Float16, Half>(output.GetTensorDataAsSpan<Float16>()).ContainsAnyExceptInRange(Half.MinValue, Half.MaxValue),
        _ => true,
    };

    internal static OrtValue ToValue(TensorElementType type, long[] values, int rows) => type == TensorElementType.Int64
        ? OrtValue.CreateTensorValueFromMemory(values, [rows, values.Length / rows])
        : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(values, id => (int)id), [rows, values.Length / rows]);

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

    /// <summary>Float32 where it lies; half precision is turned into it first.</summary>
    internal static T Read<T>(ModelKey key, OrtValue output, OutputReader<T> read)
    {
        OrtTensorTypeAndShapeInfo info = output.GetTensorTypeAndShape();
        OutputLimit.Check(key, info.Shape);
        return info.ElementDataType == TensorElementType.Float
            ? read(output.GetTensorDataAsSpan<float>(), info.Shape)
            : read(ToTensor(key, output).Values, info.Shape);
    }

    OutputTensor ToTensor(OrtValue value) => ToTensor(_key, value);

    internal static OutputTensor ToTensor(ModelKey key, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        OutputLimit.Check(key, info.Shape);
        switch (info.ElementDataType)
        {
            case TensorElementType.Float:
                return new OutputTensor(value.GetTensorDataAsSpan<float>().ToArray(), info.Shape);
            case TensorElementType.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<Float16, Half>(value.GetTensorDataAsSpan<Float16>());
                var floats = new float[halves.Length];
                TensorPrimitives.ConvertToSingle(halves, floats);
                return new OutputTensor(floats, info.Shape);
            default:
                throw new ModelException(ModelFault.Unusable, $"Model {key} answers with {info.ElementDataType}, not with float.");
        }
    }

    /// <summary>Float32 is read in place; half precision is turned into it once.</summary>
    sealed class OnnxOutput : OutputView
    {
        readonly OrtValue _value;
        readonly float[]? _converted;

        public OnnxOutput(OnnxSession session, OrtValue value)
        {
            OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
            OutputLimit.Check(session._key, info.Shape);
            _value = value;
            Dimensions = info.Shape;
            _converted = info.ElementDataType == TensorElementType.Float ? null : session.ToTensor(value).Values;
        }

        public override long[] Dimensions { get; }

        public override ReadOnlySpan<float> Values => _converted ?? _value.GetTensorDataAsSpan<float>();
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
    internal static bool IsPassing(OnnxRuntimeException e) => s_passing.Any(word => e.Message.Contains(word, StringComparison.OrdinalIgnoreCase));

    static readonly string[] s_passing =
    [
        "Too many open files", "Permission denied", "pthread_create", "Resource temporarily unavailable", "Input/output error", "Stale file handle",
    ];

    public override void Dispose() => _sessions.Dispose();
}
