using System.Runtime.InteropServices;

namespace ImmichMl.Inference.Graphs;

/// <summary>
/// Self-attention as one operator of ONNX Runtime (com.microsoft.Attention) with query, key and value projected by one product, where an
/// exporter wrote a dozen. Only where every token looks at every token of a batch of one; a mask must be constant.
/// </summary>
sealed class AttentionFusion
{
    readonly GraphModel _model;
    readonly Dictionary<string, int[]> _shapes;
    readonly Dictionary<string, GraphNode> _producers;
    readonly ILookup<string, GraphNode> _consumers;
    readonly FileStream _weights;

    AttentionFusion(GraphModel model, FileStream weights)
    {
        (_model, _weights) = (model, weights);
        _shapes = GraphShapes.Of(model);
        _producers = model.Producers();
        _consumers = model.Consumers();
    }

    /// <param name="model">Is changed.</param>
    /// <param name="weights">A new file in the model's folder, for the joined weights.</param>
    /// <returns>How many attentions became one operator each.</returns>
    public static int Apply(GraphModel model, FileStream weights)
    {
        var fusion = new AttentionFusion(model, weights);
        int fused = model.Nodes.ToArray().Count(node => node.Is("Softmax") && fusion.TryFuse(node));
        model.Tidy();
        return fused;
    }

    /// <summary>Heads [.., heads, tokens, size] as a linear map of tokens: which column of its weights each stands for, and by what it is scaled.</summary>
    sealed record Projection(string Source, GraphTensor Weights, bool IsTransposed, string? Bias, int[] Columns, int Heads, int Tokens, int Size, float Scale);

    bool TryFuse(GraphNode softmax)
    {
        if (!_shapes.TryGetValue(softmax.Inputs[0], out int[]? shape) || shape.Length < 3 || shape[^1] != shape[^2]
            || GraphShapes.Axis(softmax, shape, absent: -1) != shape.Length - 1 || _consumers[softmax.Output].ToArray() is not [var context]
            || !context.Is("MatMul") || context.Inputs[0] != softmax.Output || !TryScores(softmax.Inputs[0], out GraphNode scores, out string? mask, out float scale)
            || Project(scores.Inputs[0], isKey: false) is not { } query || Project(scores.Inputs[1], isKey: true) is not { } key
            || Project(context.Inputs[1], isKey: false) is not { } value || !AreOne(query, key, value) || JoinedTokens(context, query) is not { } end)
        {
            return false;
        }

        string? added = mask is null ? "" : MaskOf(mask, query.Tokens);
        if (added is null || Join([query, key, value]) is not var (weights, bias, width))
        {
            return false;
        }

        string input = Reshaped(query.Source, [1, query.Tokens, width]);
        string attended = _model.NewName("attention");
        _model.Nodes.Add(new GraphNode
        {
            Operator = "Attention",
            Domain = GraphModel.Microsoft,
            Name = attended,
            Inputs = added.Length > 0 ? [input, weights, bias, "", "", added] : [input, weights, bias],
            Outputs = [attended],
        }.With("num_heads", (long)query.Heads).With("scale", scale * query.Scale * key.Scale));
        Replace(end, attended);
        return true;
    }

    /// <summary>Steps from the softmax up to the product of queries and keys, over a mask and a scale.</summary>
    bool TryScores(string value, out GraphNode scores, out string? mask, out float scale)
    {
        (scores, mask, scale) = (null!, null, 1);
        while (_producers.TryGetValue(value, out GraphNode? node))
        {
            if (node.Is("MatMul"))
            {
                scores = node;
                return true;
            }

            // What was scaled after the mask was added would scale the mask too.
            if (node.Is("Add") && mask is null && scale == 1 && node.Inputs.FirstOrDefault(_model.Constants.ContainsKey) is { } constant)
            {
                mask = constant;
                value = node.Inputs[0] == constant ? node.Inputs[1] : node.Inputs[0];
            }
            else if (IsOfOneShape(node))
            {
                value = node.Inputs[0];
            }
            else if (!TryFactor(node, ref value, ref scale))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Axes of size 1 come or go before the last three.</summary>
    bool IsOfOneShape(GraphNode node) =>
        (node.Is("Reshape") || node.Is("Squeeze") || node.Is("Unsqueeze"))
            && _shapes.TryGetValue(node.Inputs[0], out int[]? from) && _shapes.TryGetValue(node.Output, out int[]? to)
            && from.Length >= 3 && to.Length >= 3 && from.AsSpan(^3..).SequenceEqual(to.AsSpan(^3..));

    bool TryFactor(GraphNode node, ref string value, ref float scale)
    {
        if (!node.Is("Mul") && !node.Is("Div"))
        {
            return false;
        }

        int factor = _model.Constants.ContainsKey(node.Inputs[1]) ? 1 : node.Is("Mul") ? 0 : 1;
        if (!_model.Constants.TryGetValue(node.Inputs[factor], out GraphTensor? constant) || constant.ToFloats(_model.Folder) is not [var number])
        {
            return false;
        }

        scale *= node.Is("Mul") ? number : 1 / number;
        value = node.Inputs[1 - factor];
        return true;
    }

    /// <summary>Follows heads up to the product with weights that they are made by.</summary>
    Projection? Project(string heads, bool isKey)
    {
        if (!_shapes.TryGetValue(heads, out int[]? shape) || shape.Length < 3 || GraphShapes.Count(shape.AsSpan(..^3)) != 1)
        {
            return null;
        }

        var moves = new Stack<(GraphNode Node, string Output)>();
        string value = heads;
        float scale = 1;
        while (_producers.TryGetValue(value, out GraphNode? node))
        {
            if (Layout.Moves(node, _model))
            {
                moves.Push((node, value));
                value = node.Inputs[0];
            }
            else if (!TryFactor(node, ref value, ref scale))
            {
                return Linear(node) is var (source, weights, isTransposed, bias)
                    ? Columns(moves, value, shape, isKey) is { } columns
                        ? new Projection(
                            source, weights, isTransposed, bias, columns, shape[^3], isKey ? shape[^1] : shape[^2], isKey ? shape[^2] : shape[^1], scale)
                        : null
                    : null;
            }
        }

        return null;
    }

    /// <summary>A product with constant weights and perhaps a constant added: where its rows come from, without what keeps their order.</summary>
    (string Source, GraphTensor Weights, bool IsTransposed, string? Bias)? Linear(GraphNode node)
    {
        string? bias = null;
        if (node.Is("Add") && node.Inputs.FirstOrDefault(_model.Constants.ContainsKey) is { } constant
            && _producers.TryGetValue(node.Inputs[0] == constant ? node.Inputs[1] : node.Inputs[0], out GraphNode? product) && product.Is("MatMul"))
        {
            (bias, node) = (constant, product);
        }
        else if (node.Is("Gemm") && (node.Float("alpha") ?? 1) == 1 && (node.Float("beta") ?? 1) == 1 && node.Int("transA", 0) == 0)
        {
            bias = node.Inputs.ElementAtOrDefault(2);
        }
        else if (!node.Is("MatMul"))
        {
            return null;
        }

        return _model.Constants.TryGetValue(node.Inputs[1], out GraphTensor? weights) && weights is { IsFloat: true, Dimensions.Length: 2 }
            && (bias is null || (_model.Constants.TryGetValue(bias, out GraphTensor? added) && added.IsFloat
                && GraphShapes.Count(added.Dimensions) == weights.Dimensions[node.Int("transB", 0) == 0 ? 1 : 0]))
            ? (InOrder(node.Inputs[0]), weights, node.Int("transB", 0) != 0, bias)
            : null;
    }

    /// <summary>Up over operators that leave the order of the values as it is.</summary>
    string InOrder(string value)
    {
        while (_producers.TryGetValue(value, out GraphNode? node) && Layout.Moves(node, _model)
            && _shapes.TryGetValue(node.Inputs[0], out int[]? shape) && _shapes.TryGetValue(value, out int[]? moved)
            && GraphShapes.Count(shape) == GraphShapes.Count(moved) && Layout.Of(shape).After(node, value, _model, moved).IsInOrder)
        {
            value = node.Inputs[0];
        }

        return value;
    }

    /// <summary>For each head and place in it the column of the weights; null if tokens are mixed, or columns differ between tokens.</summary>
    int[]? Columns(Stack<(GraphNode Node, string Output)> moves, string linear, int[] heads, bool isKey)
    {
        if (!_shapes.TryGetValue(linear, out int[]? shape))
        {
            return null;
        }

        Layout layout = Layout.Of(shape);
        foreach ((GraphNode node, string output) in moves)
        {
            if (!_shapes.TryGetValue(output, out int[]? moved))
            {
                return null;
            }

            layout = layout.After(node, output, _model, moved);
        }

        int tokens = isKey ? heads[^1] : heads[^2];
        int size = isKey ? heads[^2] : heads[^1];
        int width = shape[^1];
        var columns = new int[heads[^3] * size];
        columns.AsSpan().Fill(-1);
        for (int i = 0; i < layout.From.Length; i++)
        {
            int row = i / heads[^1] % heads[^2];
            int column = i % heads[^1];
            (int token, int inHead) = isKey ? (column, row) : (row, column);
            ref int place = ref columns[(i / (tokens * size) * size) + inHead];
            int fromColumn = layout.From[i] % width;
            if (layout.From[i] / width != token || (place >= 0 && place != fromColumn))
            {
                return null;
            }

            place = fromColumn;
        }

        return columns;
    }

    static bool AreOne(Projection query, Projection key, Projection value) =>
        query.Source == key.Source && key.Source == value.Source && query.Heads == key.Heads && key.Heads == value.Heads
            && query.Size == key.Size && key.Size == value.Size && query.Tokens == key.Tokens && key.Tokens == value.Tokens && value.Scale == 1;

    /// <summary>The value behind the context in which a token's heads stand side by side, in the tokens' order.</summary>
    string? JoinedTokens(GraphNode context, Projection query)
    {
        int[]? shape = _shapes.GetValueOrDefault(context.Output);
        if (shape is null || GraphShapes.Count(shape) != (long)query.Heads * query.Tokens * query.Size)
        {
            return null;
        }

        Layout layout = Layout.Of(shape);
        string value = context.Output;
        while (!IsJoined(layout, query))
        {
            if (_consumers[value].ToArray() is not [var next] || !Layout.Moves(next, _model) || next.Inputs[0] != value || next.Outputs.Count != 1
                || !_shapes.TryGetValue(next.Output, out int[]? moved) || GraphShapes.Count(moved) != layout.From.Length)
            {
                return null;
            }

            value = next.Output;
            layout = layout.After(next, value, _model, moved);
        }

        return value;
    }

    static bool IsJoined(Layout layout, Projection query)
    {
        for (int i = 0; i < layout.From.Length; i++)
        {
            int token = i / (query.Heads * query.Size);
            int head = i / query.Size % query.Heads;
            if (layout.From[i] != (((head * query.Tokens) + token) * query.Size) + (i % query.Size))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The mask as the operator takes it, [1, 1, tokens, tokens]; null where it is not the same for all heads.</summary>
    string? MaskOf(string mask, int tokens) =>
        _model.Constants[mask] is { IsFloat: true } constant && GraphShapes.Count(constant.Dimensions) == (long)tokens * tokens
            ? Reshaped(mask, [1, 1, tokens, tokens])
            : null;

    /// <summary>Writes the weights of all three side by side, head by head, into the file for them.</summary>
    (string Weights, string Bias, int Width)? Join(Projection[] projections)
    {
        int inputs = projections[0].Weights.Dimensions[projections[0].IsTransposed ? 1 : 0];
        int hidden = projections[0].Heads * projections[0].Size;
        var joined = new float[inputs * hidden * 3];
        var bias = new float[hidden * 3];
        for (int part = 0; part < 3; part++)
        {
            Projection projection = projections[part];
            if (projection.Weights.ToFloats(_model.Folder) is not { } weights || weights.Length % inputs != 0)
            {
                return null;
            }

            int width = weights.Length / inputs;
            float[]? added = projection.Bias is { } name ? _model.Constants[name].ToFloats(_model.Folder) : null;
            for (int i = 0; i < hidden; i++)
            {
                int column = projection.Columns[i];
                bias[(part * hidden) + i] = added?[column] ?? 0;
                for (int row = 0; row < inputs; row++)
                {
                    joined[(row * hidden * 3) + (part * hidden) + i] = projection.IsTransposed ? weights[(column * inputs) + row] : weights[(row * width) + column];
                }
            }
        }

        return (Store("weights", [inputs, hidden * 3], joined), Store("bias", [hidden * 3], bias), inputs);
    }

    string Store(string what, ReadOnlySpan<int> shape, float[] values)
    {
        long offset = _weights.Position;
        _weights.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        return _model.Add(GraphTensor.External(_model.NewName(what), shape, Path.GetFileName(_weights.Name), offset));
    }

    string Reshaped(string value, params ReadOnlySpan<long> shape)
    {
        string name = _model.NewName("reshaped");
        Reshape(value, name, shape);
        return name;
    }

    void Reshape(string value, string output, ReadOnlySpan<long> shape) => _model.Nodes.Add(new GraphNode
    {
        Operator = "Reshape",
        Name = _model.NewName("reshape"),
        Inputs = [value, _model.Add(GraphTensor.Integers(_model.NewName("shape"), shape))],
        Outputs = [output],
    });

    /// <summary>Who took the old value takes the new one, in the old one's shape.</summary>
    void Replace(string old, string value)
    {
        string shaped = Reshaped(value, [.. _shapes[old].Select(size => (long)size)]);
        foreach (GraphNode consumer in _consumers[old].Distinct())
        {
            for (int i = 0; i < consumer.Inputs.Count; i++)
            {
                consumer.Inputs[i] = consumer.Inputs[i] == old ? shaped : consumer.Inputs[i];
            }
        }
    }
}
