namespace ImmichMl.Graphs.Quantization;

/// <summary>
/// Divides activations channel by channel in front of layers whose weights are multiplied in turn. Where a normalization makes the
/// activations, and nobody else takes them, its own factors do it; else an operator more. Source: the published idea of SmoothQuant.
/// </summary>
sealed class ChannelScaling
{
    readonly GraphModel _model;
    readonly Dictionary<string, GraphNode> _producers;

    ChannelScaling(GraphModel model) => (_model, _producers) = (model, model.Producers());

    /// <returns>By the names of layers that are scaled the value that they are to take.</returns>
    public static Dictionary<string, string> Apply(
        GraphModel model, IReadOnlyList<LinearLayer> layers, IReadOnlyDictionary<string, LayerPlan> plans)
    {
        var scaling = new ChannelScaling(model);
        var taken = new Dictionary<string, string>();
        foreach (IGrouping<string, LinearLayer> group in layers.GroupBy(layer => layer.Source))
        {
            if (plans[group.First().Name].Scale is not { } scale)
            {
                continue;
            }

            if (group.Any(layer => plans[layer.Name].Scale is not { } other || !other.AsSpan().SequenceEqual(scale)))
            {
                throw new ArgumentException($"Layers of {group.Key} are scaled differently.");
            }

            bool isFolded = scaling.IsTakenByAlone(group.Key, [.. group]) && scaling.TryFold(group.Key, scale);
            foreach (IGrouping<string, LinearLayer> same in isFolded ? [] : group.GroupBy(layer => layer.Input))
            {
                string value = scaling.Divided(same.Key, scale);
                same.ToList().ForEach(layer => taken[layer.Name] = value);
            }
        }

        return taken;
    }

    /// <summary>Nobody but these layers takes the value, reshaped or not.</summary>
    bool IsTakenByAlone(string value, LinearLayer[] layers)
    {
        var ways = layers.SelectMany(layer => LinearLayer.Reshapings(layer.Input, layer.Inputs, _model).Append(layer.Product)).ToHashSet();
        return ways.SelectMany(node => node.Is("Reshape") ? [node.Output, node.Inputs[0]] : (string[])[node.Inputs[0]]).Append(value)
            .Distinct().All(passed => !_model.Outputs.Contains(passed) && _model.TakersOf(passed).TrueForAll(ways.Contains));
    }

    /// <summary>Into the normalization that makes the value.</summary>
    bool TryFold(string value, float[] scale)
    {
        if (!_producers.TryGetValue(value, out GraphNode? node) || !node.Is("Add"))
        {
            return node?.Is("LayerNormalization") == true && TryDivide(node, scale, 1, 2);
        }

        // A normalization that an exporter wrote out: times a constant, and a constant added.
        int bias = _model.Constants.ContainsKey(node.Inputs[1]) ? 1 : 0;
        return _producers.TryGetValue(node.Inputs[1 - bias], out GraphNode? product) && product.Is("Mul")
            && _model.OnlyTakerOf(product.Output) == node
            && (_model.Constants.ContainsKey(product.Inputs[1]) ? 1 : 0) is var factor
            && IsOfChannels(product.Inputs[factor], scale) && TryDivide(node, scale, bias) && TryDivide(product, scale, factor);
    }

    bool IsOfChannels(string constant, float[] scale) => _model.Constants.TryGetValue(constant, out GraphTensor? values) && values.IsFloat
        && values.Dimensions is [.., var width] && width == scale.Length && GraphShapes.Count(values.Dimensions) == width;

    /// <summary>Gives an operator its constants divided; others may take the old ones.</summary>
    bool TryDivide(GraphNode node, float[] scale, params int[] inputs)
    {
        int[] given = [.. inputs.Where(input => input < node.Inputs.Count && node.Inputs[input].Length > 0)];
        if (!given.All(input => IsOfChannels(node.Inputs[input], scale)))
        {
            return false;
        }

        foreach (int input in given)
        {
            GraphTensor old = _model.Constants[node.Inputs[input]];
            float[] values = old.ToFloats(_model.Folder)!;
            node.Inputs[input] = _model.Add(GraphTensor.Floats(
                _model.NewName("divided"), old.Dimensions, [.. values.Select((number, channel) => number / scale[channel])]));
        }

        return true;
    }

    string Divided(string value, float[] scale)
    {
        string name = _model.NewName("divided");
        int first = _model.Nodes.FindIndex(node => node.Inputs.Contains(value));
        _model.Nodes.Insert(first, new GraphNode
        {
            Operator = "Mul",
            Name = name,
            Inputs =
            [
                value, _model.Add(GraphTensor.Floats(_model.NewName("inverse"), [scale.Length], [.. scale.Select(factor => 1 / factor)])),
            ],
            Outputs = [name],
        });
        return name;
    }
}
