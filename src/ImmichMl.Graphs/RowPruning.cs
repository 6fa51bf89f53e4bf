namespace ImmichMl.Graphs;

/// <summary>
/// Leaves out rows that nobody reads. A transformer's last block calculates every token, and the embedding is made of one of them: behind
/// that block's attention the others are for nothing. So the choice of the token is pushed up through everything that handles each row for
/// itself; what is left is cut where others need the whole. The numbers stay the same. Fixed shapes only.
/// </summary>
public sealed class RowPruning
{
    readonly record struct Row(int Axis, long Index);

    readonly GraphModel _model;
    readonly Dictionary<string, int[]> _shapes;
    readonly Dictionary<string, GraphNode> _producers;
    readonly ILookup<string, GraphNode> _consumers;

    /// <summary>What each consumer's input needs of a value, if it is one row only.</summary>
    readonly Dictionary<(GraphNode, int), Row> _needs = [];
    readonly Dictionary<GraphNode, Row> _cut = [];

    RowPruning(GraphModel model)
    {
        _model = model;
        _shapes = GraphShapes.Of(model);
        _producers = model.Producers();
        _consumers = model.Consumers();
    }

    /// <returns>How many products of matrices became smaller.</returns>
    public static int Apply(GraphModel model)
    {
        var pruning = new RowPruning(model);
        return pruning.Plan() ? pruning.Change() : 0;
    }

    /// <summary>From the outputs up: an operator is cut when every consumer needs the same one row of it.</summary>
    bool Plan()
    {
        foreach (GraphNode node in Enumerable.Reverse(_model.Nodes))
        {
            if (ChosenRow(node) is { } chosen)
            {
                _needs[(node, 0)] = chosen;
            }
            else if (NeedOf(node) is { } row && InputsFor(node, row) is { } inputs)
            {
                _cut[node] = row;
                foreach ((int input, Row need) in inputs)
                {
                    _needs[(node, input)] = need;
                }
            }
        }

        return _cut.Keys.Any(IsProduct);
    }

    static bool IsProduct(GraphNode node) => node.Is("MatMul") || node.Is("Gemm");

    /// <summary>Where it begins: one position along an axis, which is fixed.</summary>
    Row? ChosenRow(GraphNode node) =>
        node.Is("Gather") && !_model.Constants.ContainsKey(node.Inputs[0]) && _shapes.TryGetValue(node.Inputs[0], out int[]? shape)
            && _model.IntegersOf(node.Inputs[1]) is [var index] && GraphShapes.Axis(node, shape) is var axis && shape[axis] > 1
            && _producers.TryGetValue(node.Inputs[0], out GraphNode? producer) && InputsFor(producer, new Row(axis, index)) is not null
            && _consumers[node.Inputs[0]].Count() == 1
            ? new Row(axis, index < 0 ? index + shape[axis] : index)
            : null;

    Row? NeedOf(GraphNode node)
    {
        if (node.Outputs.Count != 1 || _model.Outputs.Contains(node.Output) || !_shapes.ContainsKey(node.Output))
        {
            return null;
        }

        Row? common = null;
        foreach (GraphNode consumer in _consumers[node.Output])
        {
            for (int i = 0; i < consumer.Inputs.Count; i++)
            {
                if (consumer.Inputs[i] == node.Output)
                {
                    if (!_needs.TryGetValue((consumer, i), out Row need) || (common is { } other && other != need))
                    {
                        return null;
                    }

                    common = need;
                }
            }
        }

        return common;
    }

    /// <summary>What an operator needs of its inputs to give one row; null where it mixes rows or is not known.</summary>
    List<(int Input, Row Need)>? InputsFor(GraphNode node, Row row)
    {
        if (node.Outputs.Count != 1 || node.Domain.Length > 0 || node.Inputs.Any(input => input.Length > 0 && !_shapes.ContainsKey(input))
            || !_shapes.TryGetValue(node.Output, out int[]? shape))
        {
            return null;
        }

        int[] first = _shapes[node.Inputs[0]];
        return node.Operator switch
        {
            "Softmax" or "LayerNormalization" when row.Axis >= GraphShapes.Axis(node, first, absent: -1) => null,
            _ when GraphShapes.IsSameAsFirst(node) => [(0, row)],
            _ when GraphShapes.IsBroadcast(node) =>
                [.. Enumerable.Range(0, node.Inputs.Count).SelectMany(input => Broadcast(node, input, row, shape.Length))],
            "MatMul" when row.Axis == shape.Length - 2 => [(0, row with { Axis = first.Length - 2 })],
            "Gemm" when row.Axis == 0 =>
                [(0, row with { Axis = node.IntAttribute("transA", 0) == 0 ? 0 : 1 }), .. Broadcast(node, 2, row, 2)],
            "Transpose" => [(0, row with { Axis = GraphShapes.Permutation(node, first.Length)[row.Axis] })],
            "Reshape" or "Unsqueeze" or "Squeeze" when GraphShapes.SameAxis(shape, row.Axis, first) is { } axis =>
                [(0, row with { Axis = axis })],
            _ => null,
        };
    }

    /// <summary>An input that is stretched along the axis has but one row.</summary>
    IEnumerable<(int, Row)> Broadcast(GraphNode node, int input, Row row, int rank)
    {
        if (input < node.Inputs.Count && node.Inputs[input].Length > 0)
        {
            int[] shape = _shapes[node.Inputs[input]];
            int axis = row.Axis - (rank - shape.Length);
            if (axis >= 0 && shape[axis] > 1)
            {
                yield return (input, row with { Axis = axis });
            }
        }
    }

    int Change()
    {
        var cuts = new Dictionary<(string, Row), string>();
        foreach (GraphNode node in _model.Nodes.ToArray())
        {
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                string input = node.Inputs[i];
                if (_needs.TryGetValue((node, i), out Row need)
                    && !(_producers.TryGetValue(input, out GraphNode? producer) && _cut.ContainsKey(producer)))
                {
                    node.Inputs[i] = cuts.TryGetValue((input, need), out string? made) ? made : cuts[(input, need)] = Cut(input, need);
                }
            }

            if (node.Is("Gather") && _needs.ContainsKey((node, 0)))
            {
                // The row that is left is the first; the index keeps its shape.
                int[] index = _model.Constants[node.Inputs[1]].Dimensions;
                node.Inputs[1] = _model.Add(index.Length == 0 ? GraphTensor.Scalar(_model.NewName("index"), 0)
                    : GraphTensor.Integers(_model.NewName("index"), 0));
            }
            else if (node.Is("Reshape") && _cut.TryGetValue(node, out Row row))
            {
                long[] shape = [.. _shapes[node.Output].Select((size, axis) => axis == row.Axis ? 1L : size)];
                node.Inputs[1] = _model.Add(GraphTensor.Integers(_model.NewName("shape"), shape));
            }
        }

        _model.Tidy();
        return _cut.Keys.Count(IsProduct);
    }

    string Cut(string value, Row row)
    {
        string name = _model.NewName("row");
        _model.Nodes.Add(new GraphNode
        {
            Operator = "Slice",
            Name = name,
            Inputs =
            [
                value,
                _model.Add(GraphTensor.Integers(_model.NewName("start"), row.Index)),
                _model.Add(GraphTensor.Integers(_model.NewName("end"), row.Index + 1)),
                _model.Add(GraphTensor.Integers(_model.NewName("axis"), row.Axis)),
            ],
            Outputs = [name],
        });
        return name;
    }
}
