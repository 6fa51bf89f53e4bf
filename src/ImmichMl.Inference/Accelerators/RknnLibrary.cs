namespace ImmichMl.Inference.Accelerators;

/// <summary>What librknnrt.so says of a tensor; laid out as its C header has it.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RknnTensor
{
    public const int MaxDims = 16;

    public uint Index;
    public uint DimCount;
    public fixed uint Dims[MaxDims];
    public fixed byte Name[256];
    public uint Elements;
    public uint Size;
    public int Format;
    public int Type;
    public int Quantization;
    public sbyte FractionLength;
    public int ZeroPoint;
    public float Scale;
    public uint WidthStride;
    public uint SizeWithStride;
    public byte PassThrough;
    public uint HeightStride;

    public readonly int[] Shape
    {
        get
        {
            var shape = new int[Math.Min(DimCount, MaxDims)];
            for (int i = 0; i < shape.Length; i++)
            {
                shape[i] = (int)Dims[i];
            }

            return shape;
        }
    }

    public readonly string Text
    {
        get
        {
            fixed (byte* name = Name)
            {
                var bytes = new ReadOnlySpan<byte>(name, 256);
                int end = bytes.IndexOf((byte)0);
                return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
            }
        }
    }
}

/// <summary>The shapes that an input of a model with free dimensions was compiled for.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RknnRange
{
    public const int MaxShapes = 512;

    public uint Index;
    public uint ShapeCount;
    public int Format;
    public fixed byte Name[256];
    public fixed uint Shapes[MaxShapes * RknnTensor.MaxDims];
    public uint DimCount;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct RknnInput
{
    public uint Index;
    public void* Data;
    public uint Size;
    public byte PassThrough;
    public int Type;
    public int Format;
}

[StructLayout(LayoutKind.Sequential)]
unsafe struct RknnOutput
{
    public byte WantFloat;
    public byte IsPreallocated;
    public uint Index;
    public void* Data;
    public uint Size;
}

/// <summary>Rockchip's runtime, librknnrt.so, found when the program runs. A context may be used by one thread at a time.</summary>
sealed unsafe class RknnLibrary
{
    public const string FileName = "librknnrt.so";
    public const int Nchw = 0;
    public const int Nhwc = 1;
    public const int Float32 = 0;
    public const int Float16 = 1;
    public const int Int32 = 6;
    public const int Int64 = 8;

    const int InOutCount = 0;
    const int InputAttributes = 1;
    const int OutputAttributes = 2;
    const int InputRange = 13;
    const int CurrentOutput = 15;

    readonly delegate* unmanaged<ulong*, byte*, uint, uint, void*, int> _init;
    readonly delegate* unmanaged<ulong*, ulong*, int> _duplicate;
    readonly delegate* unmanaged<ulong, int> _destroy;
    readonly delegate* unmanaged<ulong, int, void*, uint, int> _query;
    readonly delegate* unmanaged<ulong, int, int> _setCores;
    readonly delegate* unmanaged<ulong, uint, RknnTensor*, int> _setShapes;
    readonly delegate* unmanaged<ulong, uint, RknnInput*, int> _setInputs;
    readonly delegate* unmanaged<ulong, void*, int> _run;
    readonly delegate* unmanaged<ulong, uint, RknnOutput*, void*, int> _getOutputs;
    readonly delegate* unmanaged<ulong, uint, RknnOutput*, int> _releaseOutputs;

    /// <exception cref="DllNotFoundException">It is not there or will not load.</exception>
    /// <exception cref="EntryPointNotFoundException">It is too old.</exception>
    public RknnLibrary(string path)
    {
        nint library = NativeLibrary.Load(path);
        _init = (delegate* unmanaged<ulong*, byte*, uint, uint, void*, int>)NativeLibrary.GetExport(library, "rknn_init");
        _duplicate = (delegate* unmanaged<ulong*, ulong*, int>)NativeLibrary.GetExport(library, "rknn_dup_context");
        _destroy = (delegate* unmanaged<ulong, int>)NativeLibrary.GetExport(library, "rknn_destroy");
        _query = (delegate* unmanaged<ulong, int, void*, uint, int>)NativeLibrary.GetExport(library, "rknn_query");
        _setCores = (delegate* unmanaged<ulong, int, int>)NativeLibrary.GetExport(library, "rknn_set_core_mask");
        _setShapes = (delegate* unmanaged<ulong, uint, RknnTensor*, int>)NativeLibrary.GetExport(library, "rknn_set_input_shapes");
        _setInputs = (delegate* unmanaged<ulong, uint, RknnInput*, int>)NativeLibrary.GetExport(library, "rknn_inputs_set");
        _run = (delegate* unmanaged<ulong, void*, int>)NativeLibrary.GetExport(library, "rknn_run");
        _getOutputs = (delegate* unmanaged<ulong, uint, RknnOutput*, void*, int>)NativeLibrary.GetExport(library, "rknn_outputs_get");
        _releaseOutputs = (delegate* unmanaged<ulong, uint, RknnOutput*, int>)NativeLibrary.GetExport(library, "rknn_outputs_release");
    }

    /// <summary>A context for the model file.</summary>
    public ulong Open(string path)
    {
        // With size 0 the second argument is a path and not the model.
        ulong context;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            Check(_init(&context, name, 0, 0, null), "rknn_init");
        }

        return context;
    }

    /// <summary>A second context over the same weights.</summary>
    public ulong Duplicate(ulong context)
    {
        ulong copy;
        Check(_duplicate(&context, &copy), "rknn_dup_context");
        return copy;
    }

    public void Close(ulong context) => _ = _destroy(context);

    public void SetCores(ulong context, int mask) => Check(_setCores(context, mask), "rknn_set_core_mask");

    public (RknnTensor[] Inputs, RknnTensor[] Outputs) Describe(ulong context)
    {
        uint* counts = stackalloc uint[2];
        Check(_query(context, InOutCount, counts, 2 * sizeof(uint)), "rknn_query");
        if (counts[0] is 0 or > 64 || counts[1] is 0 or > 64)
        {
            throw new InvalidDataException($"the runtime tells of {counts[0]} inputs and {counts[1]} outputs");
        }

        RknnTensor[] inputs = new RknnTensor[counts[0]], outputs = new RknnTensor[counts[1]];
        for (uint i = 0; i < inputs.Length; i++)
        {
            inputs[i] = Query(context, InputAttributes, i);
        }

        for (uint i = 0; i < outputs.Length; i++)
        {
            outputs[i] = Query(context, OutputAttributes, i);
        }

        return (inputs, outputs);
    }

    /// <summary>The shapes that an input may take; none where its shape is fixed.</summary>
    public int[][] ShapesOf(ulong context, uint input)
    {
        // 33 kB: too much for the stack of a worker.
        var range = (RknnRange*)NativeMemory.AllocZeroed((nuint)sizeof(RknnRange));
        try
        {
            range->Index = input;
            if (_query(context, InputRange, range, (uint)sizeof(RknnRange)) != 0)
            {
                return [];
            }

            var shapes = new int[Math.Min(range->ShapeCount, RknnRange.MaxShapes)][];
            for (int i = 0; i < shapes.Length; i++)
            {
                shapes[i] = new int[Math.Min(range->DimCount, RknnTensor.MaxDims)];
                for (int d = 0; d < shapes[i].Length; d++)
                {
                    shapes[i][d] = (int)range->Shapes[(i * RknnTensor.MaxDims) + d];
                }
            }

            return shapes;
        }
        finally
        {
            NativeMemory.Free(range);
        }
    }

    public void SetShapes(ulong context, RknnTensor[] inputs)
    {
        fixed (RknnTensor* first = inputs)
        {
            Check(_setShapes(context, (uint)inputs.Length, first), "rknn_set_input_shapes");
        }
    }

    /// <summary>One run; the outputs as float32 with the shapes that they have now.</summary>
    public OutputData[] Run(ulong context, ReadOnlySpan<RknnInput> inputs, RknnTensor[] described, bool isDynamic)
    {
        fixed (RknnInput* first = inputs)
        {
            Check(_setInputs(context, (uint)inputs.Length, first), "rknn_inputs_set");
        }

        Check(_run(context, null), "rknn_run");
        var outputs = stackalloc RknnOutput[described.Length];
        for (uint i = 0; i < described.Length; i++)
        {
            outputs[i] = new RknnOutput { WantFloat = 1, Index = i };
        }

        Check(_getOutputs(context, (uint)described.Length, outputs, null), "rknn_outputs_get");
        try
        {
            var data = new OutputData[described.Length];
            for (int i = 0; i < data.Length; i++)
            {
                RknnTensor now = isDynamic ? Query(context, CurrentOutput, (uint)i) : described[i];
                data[i] = new OutputData(
                    new ReadOnlySpan<float>(outputs[i].Data, (int)(outputs[i].Size / sizeof(float))).ToArray(), now.Shape);
            }

            return data;
        }
        finally
        {
            _ = _releaseOutputs(context, (uint)described.Length, outputs);
        }
    }

    public readonly record struct OutputData(float[] Values, int[] Shape);

    RknnTensor Query(ulong context, int command, uint index)
    {
        var tensor = new RknnTensor { Index = index };
        Check(_query(context, command, &tensor, (uint)sizeof(RknnTensor)), "rknn_query");
        return tensor;
    }

    static void Check(int code, string call)
    {
        if (code != 0)
        {
            throw new InvalidDataException($"{call} answers {code}");
        }
    }
}
