namespace ImmichMl.Graphs.Quantization;

/// <summary>A product of activations [.., inputs] with constant weights, and what is added to it where that is constant too.</summary>
public sealed class LinearLayer
{
    /// <summary>Below this nothing is gained.</summary>
    const int LeastWeights = 1 << 12;

    readonly GraphNode? _addition;

    LinearLayer(GraphNode product, GraphTensor weights, bool isTransposed, string? bias, GraphNode? addition)
    {
        (Product, Weights, IsTransposed, Bias, _addition) = (product, weights, isTransposed, bias, addition);
    }

    internal GraphNode Product { get; }

    internal GraphTensor Weights { get; }

    /// <summary>Weights are [outputs, inputs]; else [inputs, outputs].</summary>
    internal bool IsTransposed { get; }

    /// <summary>Outputs numbers; null: nothing is added.</summary>
    internal string? Bias { get; }

    /// <summary>Its name, which stays the same in every copy of the graph: that of the product's value.</summary>
    public string Name => Product.Output;

    /// <summary>The value that it multiplies.</summary>
    public string Input => Product.Inputs[0];

    /// <summary>The same above reshapings that leave its channels as they are: layers of one source have the same activations.</summary>
    public string Source { get; private set; } = "";

    public string Output => (_addition ?? Product).Output;

    public int Inputs => Weights.Dimensions[IsTransposed ? 1 : 0];

    public int Outputs => Weights.Dimensions[IsTransposed ? 0 : 1];

    /// <summary>All that are worth another form, in the graph's order; the projection at the end is left out.</summary>
    public static List<LinearLayer> Of(GraphModel model)
    {
        HashSet<GraphNode> last = Projections(model);
        return [.. All(model).Where(layer => !last.Contains(layer.Product))];
    }

    /// <summary>The projection at the end too.</summary>
    internal static IEnumerable<LinearLayer> All(GraphModel model) =>
        [.. model.Nodes.Select(node => Of(node, model)).OfType<LinearLayer>()];

    /// <summary>The way to a value, from the next one up, over reshapings that keep the last axis.</summary>
    internal static IEnumerable<GraphNode> Reshapings(string value, int width, GraphModel model)
    {
        while (model.Nodes.Find(node => node.Outputs.Contains(value)) is { } node && node.Is("Reshape")
            && model.IntegersOf(node.Inputs[1]) is [.., var last] && last == width)
        {
            yield return node;
            value = node.Inputs[0];
        }
    }

    static LinearLayer? Of(GraphNode node, GraphModel model)
    {
        LinearLayer? layer = Recognize(node, model);
        if (layer is not null)
        {
            layer.Source = Reshapings(layer.Input, layer.Inputs, model).LastOrDefault()?.Inputs[0] ?? layer.Input;
        }

        return layer;
    }

    static LinearLayer? Recognize(GraphNode node, GraphModel model)
    {
        bool isGemm = node.Is("Gemm") && (node.FloatAttribute("alpha") ?? 1) == 1 && (node.FloatAttribute("beta") ?? 1) == 1
            && node.IntAttribute("transA", 0) == 0;
        if ((!isGemm && !node.Is("MatMul")) || !model.Constants.TryGetValue(node.Inputs[1], out GraphTensor? weights)
            || weights is not { IsFloat: true, Dimensions.Length: 2 } || GraphShapes.Count(weights.Dimensions) < LeastWeights
            || model.Constants.ContainsKey(node.Inputs[0]))
        {
            return null;
        }

        bool isTransposed = isGemm && node.IntAttribute("transB", 0) != 0;
        int outputs = weights.Dimensions[isTransposed ? 0 : 1];
        if (isGemm)
        {
            string? added = node.Inputs.Count > 2 && node.Inputs[2].Length > 0 ? node.Inputs[2] : null;
            return added is null || IsBias(added, outputs, model) ? new LinearLayer(node, weights, isTransposed, added, null) : null;
        }

        return model.OnlyTakerOf(node.Output) is { } next && next.Is("Add")
            && next.Inputs.FirstOrDefault(input => IsBias(input, outputs, model)) is { } bias
            ? new LinearLayer(node, weights, isTransposed: false, bias, next)
            : new LinearLayer(node, weights, isTransposed: false, null, null);
    }

    static bool IsBias(string value, int outputs, GraphModel model) =>
        model.Constants.TryGetValue(value, out GraphTensor? constant) && constant.IsFloat && constant.Dimensions is [.., var width]
            && width == outputs && GraphShapes.Count(constant.Dimensions) == outputs;

    /// <summary>Products from which a way leads to an output over no other product and no normalization.</summary>
    static HashSet<GraphNode> Projections(GraphModel model)
    {
        Dictionary<string, GraphNode> producers = model.Producers();
        var found = new HashSet<GraphNode>();
        var seen = new HashSet<string>(model.Outputs);
        var open = new Stack<string>(model.Outputs);
        while (open.TryPop(out string? value))
        {
            if (!producers.TryGetValue(value, out GraphNode? node) || Normalizes(node, producers))
            {
                continue;
            }

            if (node.Is("MatMul") || node.Is("Gemm"))
            {
                found.Add(node);
                continue;
            }

            foreach (string input in node.Inputs.Where(seen.Add))
            {
                open.Push(input);
            }
        }

        return found;
    }

    /// <summary>As one operator, or where an exporter wrote it out: from each value the mean is subtracted.</summary>
    static bool Normalizes(GraphNode node, Dictionary<string, GraphNode> producers) =>
        node.Operator is "LayerNormalization" or "ReduceMean" or "SkipLayerNormalization"
        || (node.Is("Sub") && producers.TryGetValue(node.Inputs[1], out GraphNode? mean) && mean.Is("ReduceMean"));

    /// <summary>The weights as they are stored, each times its channel's scale.</summary>
    /// <exception cref="InvalidDataException">The file beside the graph does not hold them.</exception>
    internal float[] Scaled(string folder, float[]? scale)
    {
        float[] stored = Weights.ToFloats(folder) ?? throw new InvalidDataException("Weights are no floats.");
        (int inputs, int outputs) = (Inputs, Outputs);
        for (int i = 0; scale is not null && i < stored.Length; i++)
        {
            stored[i] *= scale[IsTransposed ? i % inputs : i / outputs];
        }

        return stored;
    }

    /// <summary>The same column by column, [outputs, inputs].</summary>
    /// <exception cref="InvalidDataException">The file beside the graph does not hold them.</exception>
    internal float[] Columns(string folder, float[]? scale)
    {
        float[] stored = Scaled(folder, scale);
        (int inputs, int outputs) = (Inputs, Outputs);
        if (IsTransposed)
        {
            return stored;
        }

        // By strips, so that neither side steps through memory line by line.
        const int Strip = 32;
        var columns = new float[stored.Length];
        for (int from = 0; from < inputs; from += Strip)
        {
            for (int column = 0; column < outputs; column++)
            {
                for (int row = from; row < Math.Min(from + Strip, inputs); row++)
                {
                    columns[(column * inputs) + row] = stored[(row * outputs) + column];
                }
            }
        }

        return columns;
    }

    /// <summary>Raises each channel's number to the largest of its weights.</summary>
    /// <param name="folder">Of the graph.</param>
    /// <param name="largest">A number for each input channel.</param>
    /// <exception cref="InvalidDataException">The file beside the graph does not hold the weights.</exception>
    public void RaiseToLargest(string folder, Span<float> largest)
    {
        float[] stored = Scaled(folder, null);
        (int inputs, int outputs) = (Inputs, Outputs);
        for (int i = 0; i < stored.Length; i++)
        {
            ref float channel = ref largest[IsTransposed ? i % inputs : i / outputs];
            channel = MathF.Max(channel, MathF.Abs(stored[i]));
        }
    }

    /// <summary>Takes the product, and the addition that goes into it, out of the graph, and puts another in.</summary>
    internal void ReplaceWith(GraphNode made, GraphModel model)
    {
        int at = model.Nodes.IndexOf(Product);
        model.Nodes[at] = made;
        if (_addition is not null)
        {
            model.Nodes.Remove(_addition);
        }
    }
}
