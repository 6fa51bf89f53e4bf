using System.Globalization;

namespace ImmichMl.Graphs;

/// <summary>
/// Lets a text be as long as it is. A text model is exported for a fixed number of tokens, most of them padding behind the end of the text;
/// where every token looks back only, what stands behind the end changes nothing. The axis that counts tokens is followed from the input
/// through every operator: constants along it are cut to the length of the run, shapes leave it open. Whether the end is all that counts
/// cannot be seen in a graph: who uses this compares answers. Fixed shapes and one input only.
/// </summary>
public sealed class TokenAxis
{
    /// <summary>In the model's metadata: the tokens that it takes at most; it takes fewer as well.</summary>
    public const string MostTokens = "immich_ml.most_tokens";

    const int LeastTokens = 4;

    readonly GraphModel _model;
    readonly Dictionary<string, int[]> _shapes;
    readonly string _input;
    readonly int _tokens;

    /// <summary>Values that grow with the text, and along which axes.</summary>
    readonly Dictionary<string, int[]> _axes = [];
    readonly Dictionary<(string Value, int Axis), string> _cuts = [];
    readonly string _length;

    TokenAxis(GraphModel model, string input, int tokens)
    {
        (_model, _input, _tokens) = (model, input, tokens);
        _shapes = GraphShapes.Of(model);
        _axes[input] = [1];
        _length = model.NewName("tokens");
    }

    /// <summary>By a graph's metadata: the tokens that it takes at most where it takes fewer as well; else 0.</summary>
    public static int MostTokensOf(IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue(MostTokens, out string? told)
            && int.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out int most) ? most : 0;

    /// <summary>Changes the model, or throws it away half changed: false.</summary>
    public static bool TryFree(GraphModel model)
    {
        if (model.InputShapes.Count != 1 || model.InputShapes.First() is not { Key: var input, Value: [1, >= LeastTokens and var tokens] })
        {
            return false;
        }

        var freeing = new TokenAxis(model, input, tokens);
        if (!model.Nodes.ToArray().All(freeing.Follow) || model.Outputs.Any(freeing._axes.ContainsKey)
            || !model.TryFreeAxis(input, 1, "tokens"))
        {
            return false;
        }

        freeing.AddLength();
        model.SetMetadata(MostTokens, tokens.ToString(CultureInfo.InvariantCulture));
        model.Tidy();
        return true;
    }

    /// <summary>The number of tokens of a run, as the end of a slice.</summary>
    void AddLength()
    {
        string shape = _model.NewName("shape");
        _model.Nodes.Add(new GraphNode { Operator = "Shape", Name = shape, Inputs = [_input], Outputs = [shape] });
        _model.Nodes.Add(new GraphNode
        {
            Operator = "Gather", Name = _length, Inputs = [shape, _model.Add(GraphTensor.Integers(_model.NewName("axis"), 1))],
                Outputs = [_length],
        });
    }

    int[] AxesOf(string value) => _axes.GetValueOrDefault(value, []);

    /// <summary>False where it is not known what becomes of the axis.</summary>
    bool Follow(GraphNode node)
    {
        if (!node.Inputs.Any(_axes.ContainsKey))
        {
            return true;
        }

        if (node.Inputs.Any(input => input.Length > 0 && !_shapes.ContainsKey(input)) || !_shapes.TryGetValue(node.Output, out int[]? shape)
            || After(node, shape) is not { } axes)
        {
            return false;
        }

        if (axes.Length > 0)
        {
            node.Outputs.ForEach(output => _axes[output] = axes);
        }

        return true;
    }

    /// <summary>The axes of what an operator gives; null where that is not known.</summary>
    int[]? After(GraphNode node, int[] shape)
    {
        int[] first = _shapes[node.Inputs[0]], axes = AxesOf(node.Inputs[0]);
        return node switch
        {
            { Domain: GraphModel.Microsoft, Operator: "Attention" } => AfterAttention(node, axes),
            { Domain.Length: > 0 } => null,
            { Operator: "LayerNormalization" } when axes.Any(axis => axis >= GraphShapes.Axis(node, first, absent: -1)) => null,
            _ when GraphShapes.IsSameAsFirst(node) => axes,
            _ when GraphShapes.IsBroadcast(node) => AfterBroadcast(node, shape.Length),
            { Operator: "MatMul" } => AfterProduct(node, first.Length - 1, _shapes[node.Inputs[1]].Length - 2, shape.Length),
            { Operator: "Gemm" } when axes.SequenceEqual([0]) && node.IntAttribute("transA", 0) == 0 && !_axes.ContainsKey(node.Inputs[1])
                && (node.Inputs.Count < 3 || _shapes[node.Inputs[2]] is [_] or [1, _]) => [0],
            { Operator: "Gather" } => AfterGather(node, first, axes),
            { Operator: "GatherND" } when !_model.Constants.ContainsKey(node.Inputs[1]) && !_axes.ContainsKey(node.Inputs[1])
                && node.IntAttribute("batch_dims", 0) == 0 =>
                AfterChoice(axes, first.Length - shape.Length + _shapes[node.Inputs[1]].Length - 1, _shapes[node.Inputs[1]].Length - 1),
            { Operator: "ArgMax" } when axes.SequenceEqual([GraphShapes.Axis(node, first)]) => [],
            { Operator: "ReduceMean" or "ReduceSum" or "ReduceL2" } => axes.All(axis => shape[axis] == first[axis]) ? axes : null,
            { Operator: "Transpose" } when GraphShapes.Permutation(node, first.Length) is var order =>
                [.. axes.Select(axis => Array.IndexOf(order, axis))],
            { Operator: "Reshape" } => AfterReshape(node, first, axes, shape),
            { Operator: "Squeeze" or "Unsqueeze" or "Flatten" } => Moved(axes, first, shape),
            { Operator: "Split" } when !axes.Contains(GraphShapes.Axis(node, first)) => axes,
            { Operator: "Slice" } when GraphShapes.SliceOf(node, _model, first) is var (axis, _, _) && !axes.Contains(axis) => axes,
            _ => null,
        };
    }

    int[]? AfterAttention(GraphNode node, int[] axes)
    {
        if (axes is not [1])
        {
            return null;
        }

        if (node.Inputs.Count > 5)
        {
            node.Inputs[5] = Cut(Cut(node.Inputs[5], 2), 3);
        }

        return axes;
    }

    /// <summary>What stands beside a text, position by position, is cut to its length.</summary>
    int[]? AfterBroadcast(GraphNode node, int rank)
    {
        int[] axes = [.. node.Inputs.SelectMany(input => AxesOf(input).Select(axis => axis + rank - _shapes[input].Length)).Distinct()
            .Order()];
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            string input = node.Inputs[i];
            foreach (int axis in axes.Select(axis => axis - rank + _shapes[input].Length)
                .Where(axis => axis >= 0 && _shapes[input][axis] > 1))
            {
                if (!AxesOf(input).Contains(axis))
                {
                    node.Inputs[i] = Cut(node.Inputs[i], axis);
                }
            }
        }

        return axes;
    }

    /// <param name="node">A product of matrices.</param>
    /// <param name="left">The first one's axis that is summed over.</param>
    /// <param name="right">The second one's.</param>
    /// <param name="rank">Of the product.</param>
    int[]? AfterProduct(GraphNode node, int left, int right, int rank)
    {
        (string first, string second) = (node.Inputs[0], node.Inputs[1]);
        (int ofFirst, int ofSecond) = (left + 1, right + 2);
        int[] axes = [.. AxesOf(first).Where(axis => axis != left).Select(axis => axis + rank - ofFirst),
            .. AxesOf(second).Where(axis => axis != right).Select(axis => axis + rank - ofSecond)];
        switch (AxesOf(first).Contains(left), AxesOf(second).Contains(right))
        {
            case (true, false):
                node.Inputs[1] = Cut(second, right);
                break;
            case (false, true):
                node.Inputs[0] = Cut(first, left);
                break;
        }

        return axes.Length == axes.Distinct().Count() ? axes : null;
    }

    int[]? AfterGather(GraphNode node, int[] first, int[] axes)
    {
        int chosen = GraphShapes.Axis(node, first), rank = _shapes[node.Inputs[1]].Length;
        int[] ofPlaces = [.. AxesOf(node.Inputs[1]).Select(axis => axis + chosen)];
        return axes.Length == 0 ? ofPlaces
            : ofPlaces.Length > 0 || (axes.Contains(chosen) && _model.Constants.ContainsKey(node.Inputs[1])) ? null
            : [.. axes.Where(axis => axis != chosen).Select(axis => axis > chosen ? axis + rank - 1 : axis)];
    }

    /// <summary>The first axes are chosen from; those that choose come instead.</summary>
    static int[] AfterChoice(int[] axes, int chosen, int rank) =>
        [.. axes.Where(axis => axis >= chosen).Select(axis => axis - chosen + rank)];

    int[]? AfterReshape(GraphNode node, int[] first, int[] axes, int[] shape)
    {
        if (Moved(axes, first, shape) is not { } moved || moved.Length > 1)
        {
            return null;
        }

        long[] open = [.. shape.Select((size, axis) => moved.Contains(axis) ? -1L : size)];
        node.Inputs[1] = _model.Add(GraphTensor.Integers(_model.NewName("shape"), open));
        return moved;
    }

    /// <summary>The same axes of another shape of the same values.</summary>
    static int[]? Moved(int[] axes, int[] from, int[] to)
    {
        int[] moved = [.. axes.Select(axis => GraphShapes.SameAxis(from, axis, to) ?? -1)];
        return moved.Contains(-1) ? null : moved;
    }

    /// <summary>As many positions of an axis as the run has tokens.</summary>
    string Cut(string value, int axis)
    {
        if (_cuts.TryGetValue((value, axis), out string? made))
        {
            return made;
        }

        string name = _model.NewName("cut");
        _model.Nodes.Add(new GraphNode
        {
            Operator = "Slice",
            Name = name,
            Inputs =
            [
                value, _model.Add(GraphTensor.Integers(_model.NewName("start"), 0)), _length,
                    _model.Add(GraphTensor.Integers(_model.NewName("axis"), axis)),
            ],
            Outputs = [name],
        });
        _shapes[name] = _shapes[value];
        return _cuts[(value, axis)] = name;
    }
}
