using System.Collections.Concurrent;
using ImmichMl.Inference.Sessions;

namespace ImmichMl.Inference.Accelerators;

/// <summary>A model on a Rockchip NPU. It speaks NCHW to us and whatever it was compiled for to the runtime.</summary>
sealed class RknnSession : NpuSession
{
    readonly RknnLibrary _library;
    readonly List<ulong> _contexts;
    readonly ConcurrentBag<ulong> _free;
    readonly SemaphoreSlim _slots;
    readonly RknnTensor[] _inputs;
    readonly RknnTensor[] _outputs;

    // By input: the shapes it may take, none where it is fixed.
    readonly int[][][] _shapes;

    /// <exception cref="InvalidDataException">The runtime refuses to describe the model.</exception>
    public RknnSession(ModelKey key, RknnLibrary library, List<ulong> contexts)
        : base(key)
    {
        _library = library;
        _contexts = contexts;
        (_inputs, _outputs) = library.Describe(contexts[0]);
        _shapes = [.. _inputs.Select(input => library.ShapesOf(contexts[0], input.Index))];
        _free = [.. contexts];
        _slots = new SemaphoreSlim(contexts.Count);
        Inputs = [.. _inputs.Select((input, i) =>
            new TensorInfo(input.Text, ElementOf(input.Type), Free(ToNchw(input.Shape, input.Format), _shapes[i], input.Format)))];
        Outputs = [.. _outputs.Select(output => new TensorInfo(output.Text, TensorElementType.Float, output.Shape))];
        CheckOutputs();
    }

    bool IsDynamic => _shapes.Any(shapes => shapes.Length > 0);

    public override IReadOnlyList<TensorInfo> Inputs { get; }

    public override IReadOnlyList<TensorInfo> Outputs { get; }

    protected override OutputTensor[] Execute(ReadOnlyMemory<float> input, long[] dimensions, CancellationToken cancellation)
    {
        int[] shape = Array.ConvertAll(dimensions, dimension => (int)dimension);
        float[] data = new float[input.Length];
        if (_inputs[0].Format == RknnLibrary.Nhwc && shape is [var n, var c, var h, var w])
        {
            Transpose(input.Span, data, n, c, h * w);
            shape = [n, h, w, c];
        }
        else
        {
            input.Span.CopyTo(data);
        }

        return Execute([data], [shape], RknnLibrary.Float32, sizeof(float), cancellation);
    }

    protected override OutputTensor[] ExecuteIntegers(IReadOnlyList<long[]> rows, CancellationToken cancellation)
    {
        int[][] shapes = [.. rows.Select(row => (int[])[1, row.Length])];
        return _inputs[0].Type == RknnLibrary.Int64
            ? Execute([.. rows], shapes, RknnLibrary.Int64, sizeof(long), cancellation)
            : Execute([.. rows.Select(row => Array.ConvertAll(row, id => (int)id))], shapes, RknnLibrary.Int32, sizeof(int), cancellation);
    }

    unsafe OutputTensor[] Execute(Array[] data, int[][] shapes, int type, int size, CancellationToken cancellation)
    {
        if (data.Length != _inputs.Length)
        {
            throw Unusable($"it takes {_inputs.Length} inputs on the NPU and was given {data.Length}.");
        }

        RknnTensor[] shaped = [.. _inputs.Select((input, i) => Shaped(input, _shapes[i], shapes[i]))];
        var inputs = new RknnInput[data.Length];
        var pins = new GCHandle[data.Length];
        _slots.Wait(cancellation);
        bool taken = _free.TryTake(out ulong context);
        try
        {
            for (int i = 0; i < data.Length; i++)
            {
                pins[i] = GCHandle.Alloc(data[i], GCHandleType.Pinned);
                inputs[i] = new RknnInput
                {
                    Index = (uint)i,
                    Data = (void*)pins[i].AddrOfPinnedObject(),
                    Size = (uint)(data[i].Length * size),
                    Type = type,
                    Format = _inputs[i].Format,
                };
            }

            if (IsDynamic)
            {
                _library.SetShapes(context, shaped);
            }

            return
            [
                .. _library.Run(context, inputs, _outputs, IsDynamic)
                    .Select(output => new OutputTensor(output.Values, Array.ConvertAll(output.Shape, dimension => (long)dimension))),
            ];
        }
        catch (InvalidDataException e)
        {
            throw Unusable($"the NPU fails: {e.Message}.");
        }
        finally
        {
            foreach (GCHandle pin in pins.Where(pin => pin.IsAllocated))
            {
                pin.Free();
            }

            if (taken)
            {
                _free.Add(context);
            }

            _slots.Release();
        }
    }

    /// <summary>The input's description with the shape of this run, which must be one that the model was compiled for.</summary>
    unsafe RknnTensor Shaped(RknnTensor input, int[][] allowed, int[] shape)
    {
        if (allowed.Length == 0 ? !Fits(input.Shape, shape) : !allowed.Any(one => one.SequenceEqual(shape)))
        {
            throw Unusable($"its file for the NPU does not take [{string.Join(", ", shape)}].");
        }

        input.DimCount = (uint)shape.Length;
        for (int i = 0; i < shape.Length; i++)
        {
            input.Dims[i] = (uint)shape[i];
        }

        return input;
    }

    /// <summary>The same length is what counts: token ids come as [77] or as [1, 77].</summary>
    static bool Fits(int[] own, int[] given) =>
        own.Length == 4
            ? own.SequenceEqual(given)
            : own.Aggregate(1L, (all, one) => all * one) == given.Aggregate(1L, (all, one) => all * one);

    static void Transpose(ReadOnlySpan<float> nchw, Span<float> nhwc, int count, int channels, int pixels)
    {
        for (int n = 0; n < count; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                ReadOnlySpan<float> plane = nchw.Slice(((n * channels) + c) * pixels, pixels);
                Span<float> target = nhwc[((n * pixels * channels) + c)..];
                for (int i = 0; i < pixels; i++)
                {
                    target[i * channels] = plane[i];
                }
            }
        }
    }

    static int[] ToNchw(int[] shape, int format) =>
        format == RknnLibrary.Nhwc && shape is [var n, var h, var w, var c] ? [n, c, h, w] : shape;

    /// <summary>A dimension in which the allowed shapes differ is free.</summary>
    static int[] Free(int[] shape, int[][] allowed, int format)
    {
        int[][] all = [.. allowed.Select(one => ToNchw(one, format)).Where(one => one.Length == shape.Length)];
        return [.. shape.Select((dimension, i) => all.Any(one => one[i] != dimension) ? -1 : dimension)];
    }

    static TensorElementType ElementOf(int type) => type switch
    {
        RknnLibrary.Int32 => TensorElementType.Int32,
        RknnLibrary.Int64 => TensorElementType.Int64,
        _ => TensorElementType.Float,
    };

    public override void Dispose()
    {
        _contexts.ForEach(_library.Close);
        _slots.Dispose();
    }
}
