namespace ImmichMl.Graphs;

/// <summary>
/// Heads [.., heads, tokens, size] as a linear map of tokens: which column of its weights each stands for, and by what it is scaled.
/// </summary>
sealed record HeadProjection(string Source, GraphTensor Weights, bool IsTransposed, string? Bias, int[] Columns, int Heads, int Tokens,
    int Size, float Scale);

/// <summary>Finds how the heads of an attention come of its tokens.</summary>
sealed class HeadProjections(GraphModel model, Dictionary<string, int[]> shapes, Dictionary<string, GraphNode> producers)
{
    /// <summary>Steps over an operator that multiplies by one number.</summary>
    public bool TryFactor(GraphNode node, ref string value, ref float scale)
    {
        if (!node.Is("Mul") && !node.Is("Div"))
        {
            return false;
        }

        int factor = model.Constants.ContainsKey(node.Inputs[1]) ? 1 : node.Is("Mul") ? 0 : 1;
        if (!model.Constants.TryGetValue(node.Inputs[factor], out GraphTensor? constant)
            || constant.ToFloats(model.Folder) is not [var number])
        {
            return false;
        }

        scale *= node.Is("Mul") ? number : 1 / number;
        value = node.Inputs[1 - factor];
        return true;
    }

    /// <summary>Follows heads up to the product with weights that they are made by.</summary>
    public HeadProjection? Of(string heads, bool isKey)
    {
        if (!shapes.TryGetValue(heads, out int[]? shape) || shape.Length < 3 || GraphShapes.Count(shape.AsSpan(..^3)) != 1)
        {
            return null;
        }

        var moves = new Stack<(GraphNode Node, string Output)>();
        string value = heads;
        float scale = 1;
        while (producers.TryGetValue(value, out GraphNode? node))
        {
            if (Layout.Moves(node, model))
            {
                moves.Push((node, value));
                value = node.Inputs[0];
            }
            else if (!TryFactor(node, ref value, ref scale))
            {
                return Linear(node) is var (source, weights, isTransposed, bias)
                    ? Columns(moves, value, shape, isKey) is { } columns
                        ? new HeadProjection(
                            source, weights, isTransposed, bias, columns, shape[^3], isKey
                                ? shape[^1] : shape[^2], isKey ? shape[^2] : shape[^1], scale)
                        : null
                    : null;
            }
        }

        return null;
    }

    /// <summary>
    /// A product with constant weights and perhaps a constant added: where its rows come from, without what keeps their order.
    /// </summary>
    (string Source, GraphTensor Weights, bool IsTransposed, string? Bias)? Linear(GraphNode node)
    {
        string? bias = null;
        if (node.Is("Add") && node.Inputs.FirstOrDefault(model.Constants.ContainsKey) is { } constant
            && producers.TryGetValue(node.Inputs[0] == constant ? node.Inputs[1] : node.Inputs[0], out GraphNode? product)
            && product.Is("MatMul"))
        {
            (bias, node) = (constant, product);
        }
        else if (node.Is("Gemm") && (node.FloatAttribute("alpha") ?? 1) == 1 && (node.FloatAttribute("beta") ?? 1) == 1
            && node.IntAttribute("transA", 0) == 0)
        {
            bias = node.Inputs.ElementAtOrDefault(2);
        }
        else if (!node.Is("MatMul"))
        {
            return null;
        }

        return model.Constants.TryGetValue(node.Inputs[1], out GraphTensor? weights) && weights is { IsFloat: true, Dimensions.Length: 2 }
            && (bias is null || (model.Constants.TryGetValue(bias, out GraphTensor? added) && added.IsFloat
                && GraphShapes.Count(added.Dimensions) == weights.Dimensions[node.IntAttribute("transB", 0) == 0 ? 1 : 0]))
            ? (InOrder(node.Inputs[0]), weights, node.IntAttribute("transB", 0) != 0, bias)
            : null;
    }

    /// <summary>Up over operators that leave the order of the values as it is.</summary>
    string InOrder(string value)
    {
        while (producers.TryGetValue(value, out GraphNode? node) && Layout.Moves(node, model)
            && shapes.TryGetValue(node.Inputs[0], out int[]? shape) && shapes.TryGetValue(value, out int[]? moved)
            && GraphShapes.Count(shape) == GraphShapes.Count(moved) && Layout.Of(shape).After(node, value, model, moved).IsInOrder)
        {
            value = node.Inputs[0];
        }

        return value;
    }

    /// <summary>
    /// For each head and position in it the column of the weights; null if tokens are mixed, or columns differ between tokens.
    /// </summary>
    int[]? Columns(Stack<(GraphNode Node, string Output)> moves, string linear, int[] heads, bool isKey)
    {
        if (!shapes.TryGetValue(linear, out int[]? shape))
        {
            return null;
        }

        Layout layout = Layout.Of(shape);
        foreach ((GraphNode node, string output) in moves)
        {
            if (!shapes.TryGetValue(output, out int[]? moved))
            {
                return null;
            }

            layout = layout.After(node, output, model, moved);
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
            ref int position = ref columns[(i / (tokens * size) * size) + inHead];
            int fromColumn = layout.From[i] % width;
            if (layout.From[i] / width != token || (position >= 0 && position != fromColumn))
            {
                return null;
            }

            position = fromColumn;
        }

        return columns;
    }
}
