using System.Runtime.InteropServices;

namespace ImmichMl.Graphs.Quantization;

/// <summary>Puts layers and tables of a graph into the forms that they are to have. Whether it answers alike is not tried here.</summary>
public sealed class QuantizedGraph
{
    /// <summary>Rows of a table that are read at a time: a table may be larger than memory allows twice.</summary>
    const int RowsAtOnce = 1024;

    /// <summary>Of a table: smaller ones stay.</summary>
    const int LeastTable = 1 << 16;

    readonly GraphModel _model;
    readonly FileStream _weights;

    QuantizedGraph(GraphModel model, FileStream weights) => (_model, _weights) = (model, weights);

    /// <param name="model">Is changed.</param>
    /// <param name="plans">By a layer's name; layers that are not named stay.</param>
    /// <param name="table">The form of embedding tables; <see cref="LayerForm.Plain"/>: they stay.</param>
    /// <param name="weights">A new file in the model's folder, for what becomes of the weights. One layer is held at a time.</param>
    /// <exception cref="InvalidDataException">Weights cannot be read, or are not finite.</exception>
    public static void Apply(GraphModel model, IReadOnlyDictionary<string, LayerPlan> plans, LayerForm table, FileStream weights)
    {
        var graph = new QuantizedGraph(model, weights);
        LinearLayer[] layers = [.. LinearLayer.All(model).Where(layer => plans.ContainsKey(layer.Name))];
        Dictionary<string, string> divided = ChannelScaling.Apply(model, layers, plans);
        foreach (LinearLayer layer in layers)
        {
            graph.Change(layer, plans[layer.Name], divided.GetValueOrDefault(layer.Name, layer.Input));
        }

        if (table.Kind == LayerKind.Blockwise)
        {
            foreach (GraphNode node in model.Nodes.ToArray())
            {
                graph.TryChangeTable(node, table);
            }
        }

        model.Tidy();
    }

    void Change(LinearLayer layer, LayerPlan plan, string input)
    {
        LayerForm form = plan.Form;
        if (form.Kind == LayerKind.Plain)
        {
            if (plan.Scale is not null)
            {
                layer.Product.Inputs[0] = input;
                layer.Product.Inputs[1] = Store(
                    FloatType, layer.Weights.Dimensions, layer.Scaled(_model.Folder, plan.Scale).AsSpan());
            }

            return;
        }

        float[] columns = layer.Columns(_model.Folder, plan.Scale);
        if (form.Kind == LayerKind.Dynamic)
        {
            (byte[] values, float[] scales) = WeightRounding.Whole(columns, layer.Inputs, form);
            layer.ReplaceWith(DynamicOf(layer, input, Store(SignedType, [layer.Inputs, layer.Outputs], values), Store(scales)), _model);
        }
        else
        {
            (byte[] values, float[] scales) = WeightRounding.Blockwise(columns, layer.Inputs, form);
            int blocks = scales.Length / layer.Outputs;
            string stored = Store(UnsignedType, [layer.Outputs, blocks, form.Block], values);
            layer.ReplaceWith(BlockwiseOf(layer, input, stored, Store(FloatType, [layer.Outputs, blocks], scales.AsSpan()), form), _model);
        }
    }

    const int FloatType = 1, UnsignedType = 2, SignedType = 3;

    static GraphNode DynamicOf(LinearLayer layer, string input, string weights, string scales) => new()
    {
        Operator = "DynamicQuantizeMatMul",
        Domain = GraphModel.Microsoft,
        Name = layer.Name,
        Inputs = layer.Bias is null ? [input, weights, scales] : [input, weights, scales, "", layer.Bias],
        Outputs = [layer.Output],
    };

    static GraphNode BlockwiseOf(LinearLayer layer, string input, string weights, string scales, LayerForm form) => new GraphNode
    {
        Operator = "MatMulNBits",
        Domain = GraphModel.Microsoft,
        Name = layer.Name,
        Inputs = layer.Bias is null ? [input, weights, scales] : [input, weights, scales, "", "", layer.Bias],
        Outputs = [layer.Output],
    }.With("K", (long)layer.Inputs).With("N", (long)layer.Outputs).With("bits", 8L).With("block_size", (long)form.Block)
        .With("accuracy_level", RoundsActivations);

    /// <summary>MatMulNBits' accuracy_level by which activations become whole numbers of 8 bits.</summary>
    const long RoundsActivations = 4;

    /// <summary>Rows chosen by token ids.</summary>
    void TryChangeTable(GraphNode node, LayerForm form)
    {
        if (!node.Is("Gather") || node.IntAttribute("axis", 0) != 0 || _model.Constants.ContainsKey(node.Inputs[1])
            || !_model.Constants.TryGetValue(node.Inputs[0], out GraphTensor? table)
            || table is not { IsFloat: true, Dimensions: [var rows, var width] } || (long)rows * width < LeastTable
            || width % form.Block != 0)
        {
            return;
        }

        int blocks = width / form.Block;
        long values = _weights.Position;
        var scales = new float[rows * blocks];
        for (int row = 0; row < rows; row += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - row);
            float[] read = table.ToFloats(_model.Folder, (long)row * width, count * width)
                ?? throw new InvalidDataException("A table is no floats.");
            (byte[] rounded, float[] some) = WeightRounding.Blockwise(read, width, form);
            _weights.Write(rounded);
            some.CopyTo(scales, row * blocks);
        }

        string stored = Named(UnsignedType, [rows, width], values, (long)rows * width);
        _model.Nodes[_model.Nodes.IndexOf(node)] = new GraphNode
        {
            Operator = "GatherBlockQuantized",
            Domain = GraphModel.Microsoft,
            Name = node.Name,
            Inputs = [stored, node.Inputs[1], Store(FloatType, [rows, blocks], scales.AsSpan())],
            Outputs = node.Outputs,
        }.With("bits", 8L).With("block_size", (long)form.Block).With("gather_axis", 0L).With("quantize_axis", 1L);
    }

    string Store(float[] values) => Store(FloatType, [values.Length], values.AsSpan());

    string Store(int type, ReadOnlySpan<int> shape, ReadOnlySpan<float> values) => Store(type, shape, MemoryMarshal.AsBytes(values));

    string Store(int type, ReadOnlySpan<int> shape, ReadOnlySpan<byte> values)
    {
        long offset = _weights.Position;
        _weights.Write(values);
        return Named(type, shape, offset, values.Length);
    }

    string Named(int type, ReadOnlySpan<int> shape, long offset, long length) => _model.Add(
        GraphTensor.External(_model.NewName("weights"), type, shape, Path.GetFileName(_weights.Name), offset, length));
}
