using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Accelerators;

/// <summary>A network in ARM NN: shapes fixed, floats out; the library lets one run of a network wait for another.</summary>
sealed class ArmNnSession : NpuSession
{
    readonly ArmNnLibrary _library;
    readonly nint _runtime;
    readonly int _network;
    readonly Action<int> _unload;
    readonly int[][] _inputs;
    readonly int[][] _outputs;

    /// <exception cref="InvalidDataException">The runtime does not describe it.</exception>
    public ArmNnSession(ModelKey key, ArmNnLibrary library, nint runtime, int network, Action<int> unload)
        : base(key)
    {
        _library = library;
        _runtime = runtime;
        _network = network;
        _unload = unload;
        _inputs = library.Shapes(runtime, network, ofInputs: true);
        _outputs = library.Shapes(runtime, network, ofInputs: false);

        // The library tells no types: token ids are int32 there, all else is float.
        TensorElementType type = key.Kind == ModelKind.ClipTextual ? TensorElementType.Int32 : TensorElementType.Float;
        Inputs = [.. _inputs.Select((shape, i) => new TensorInfo($"input{i}", type, shape))];
        Outputs = [.. _outputs.Select((shape, i) => new TensorInfo($"output{i}", TensorElementType.Float, shape))];
        CheckOutputs();
    }

    public override IReadOnlyList<TensorInfo> Inputs { get; }

    public override IReadOnlyList<TensorInfo> Outputs { get; }

    protected override OutputTensor[] Execute(ReadOnlyMemory<float> input, long[] dimensions, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Execute([input.ToArray()], [Array.ConvertAll(dimensions, dimension => (int)dimension)]);
    }

    protected override OutputTensor[] ExecuteIntegers(IReadOnlyList<long[]> rows, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Execute([.. rows.Select(row => Array.ConvertAll(row, id => (int)id))], [.. rows.Select(row => (int[])[1, row.Length])]);
    }

    unsafe OutputTensor[] Execute(Array[] inputs, int[][] shapes)
    {
        if (inputs.Length != _inputs.Length || shapes.Where((shape, i) => !shape.SequenceEqual(_inputs[i])).Any())
        {
            throw Unusable(
                $"its network for ARM NN does not take {string.Join(" and ", shapes.Select(shape => $"[{string.Join(", ", shape)}]"))}.");
        }

        OutputTensor[] outputs =
        [
            .. _outputs.Select(shape => new OutputTensor(
                new float[shape.Aggregate(1, (all, one) => all * one)], Array.ConvertAll(shape, dimension => (long)dimension))),
        ];
        GCHandle[] pins =
            [.. inputs.Concat(outputs.Select(output => (Array)output.Values)).Select(data => GCHandle.Alloc(data, GCHandleType.Pinned))];
        try
        {
            void** pointers = stackalloc void*[pins.Length];
            for (int i = 0; i < pins.Length; i++)
            {
                pointers[i] = (void*)pins[i].AddrOfPinnedObject();
            }

            _library.Execute(_runtime, _network, pointers, pointers + inputs.Length);
            return outputs;
        }
        finally
        {
            foreach (GCHandle pin in pins)
            {
                pin.Free();
            }
        }
    }

    public override void Dispose() => _unload(_network);
}
