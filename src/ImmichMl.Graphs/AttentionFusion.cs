using System.Runtime.InteropServices;

namespace ImmichMl.Graphs;

/// <summary>
/// Self-attention as one operator of ONNX Runtime (com.microsoft.Attention) with query, key and value projected by one product, where an
/// exporter wrote a dozen. Only where every token looks at every token of a batch of one; a mask must be constant.
/// </summary>
public sealed class AttentionFusion
{
    readonly GraphModel _model;
    readonly Dictionary<string, int[]> _shapes;
    readonly Dictionary<string, GraphNode> _producers;
    readonly ILookup<string, GraphNode> _consumers;
    readonly HeadProjections _projections;
    readonly FileStream _weights;

    AttentionFusion(GraphModel model, FileStream weights)
    {
        (_model, _weights) = (model, weights);
        _shapes = GraphShapes.Of(model);
        _producers = model.Producers();
        _consumers = model.Consumers();
        _projections = new HeadProjections(model, _shapes, _producers);
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

    bool TryFuse(GraphNode softmax)
    {
        if (!_shapes.TryGetValue(softmax.Inputs[0], out int[]? shape) || shape.Length < 3 || shape[^1] != shape[^2]
            || GraphShapes.Axis(softmax, shape, absent: -1) != shape.Length - 1 || _consumers[softmax.Output].ToArray() is not [var context]
            || !context.Is("MatMul") || context.Inputs[0] != softmax.Output
            || !TryScores(softmax.Inputs[0], out GraphNode scores, out string? mask, out float scale)
            || _projections.Of(scores.Inputs[0], isKey: false) is not { } query
            || _projections.Of(scores.Inputs[1], isKey: true) is not { } key
            || _projections.Of(context.Inputs[1], isKey: false) is not { } value || !AreOne(query, key, value)
            || JoinedTokens(context, query) is not { } end)
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
            else if (!_projections.TryFactor(node, ref value, ref scale))
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

    static bool AreOne(HeadProjection query, HeadProjection key, HeadProjection value) =>
        query.Source == key.Source && key.Source == value.Source && query.Heads == key.Heads && key.Heads == value.Heads
            && query.Size == key.Size && key.Size == value.Size && query.Tokens == key.Tokens && key.Tokens == value.Tokens
            && value.Scale == 1;

    /// <summary>The value behind the context in which a token's heads stand side by side, in the tokens' order.</summary>
    string? JoinedTokens(GraphNode context, HeadProjection query)
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
            if (_consumers[value].ToArray() is not [var next] || !Layout.Moves(next, _model) || next.Inputs[0] != value
                || next.Outputs.Count != 1
                || !_shapes.TryGetValue(next.Output, out int[]? moved) || GraphShapes.Count(moved) != layout.From.Length)
            {
                return null;
            }

            value = next.Output;
            layout = layout.After(next, value, _model, moved);
        }

        return value;
    }

    static bool IsJoined(Layout layout, HeadProjection query)
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
    (string Weights, string Bias, int Width)? Join(HeadProjection[] projections)
    {
        int inputs = projections[0].Weights.Dimensions[projections[0].IsTransposed ? 1 : 0];
        int hidden = projections[0].Heads * projections[0].Size;
        var joined = new float[inputs * hidden * 3];
        var bias = new float[hidden * 3];
        for (int part = 0; part < 3; part++)
        {
            HeadProjection projection = projections[part];
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
                    joined[(row * hidden * 3) + (part * hidden) + i] = projection.IsTransposed
                        ? weights[(column * inputs) + row] : weights[(row * width) + column];
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
