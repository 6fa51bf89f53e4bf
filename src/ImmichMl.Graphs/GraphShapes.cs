namespace ImmichMl.Graphs;

/// <summary>
/// Shapes of the values of a graph whose inputs are fixed, as far as the operators of transformers go; a value that comes of another
/// operator has none, and nothing is changed around it. Source: ONNX's operator descriptions, sets 13 to 21.
/// </summary>
static class GraphShapes
{
    static readonly HashSet<string> s_sameAsFirst =
    [
        "Cast", "Clip", "Cos", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LayerNormalization", "LeakyRelu",
        "Log", "Neg",
        "Reciprocal", "Relu", "Sigmoid", "Sin", "Softmax", "Sqrt", "Tanh",
    ];

    static readonly HashSet<string> s_broadcast = ["Add", "Div", "Equal", "Max", "Min", "Mul", "Pow", "Sub", "Where"];

    public static bool IsSameAsFirst(GraphNode node) => s_sameAsFirst.Contains(node.Operator) && node.Domain.Length == 0;

    public static bool IsBroadcast(GraphNode node) => s_broadcast.Contains(node.Operator) && node.Domain.Length == 0;

    public static Dictionary<string, int[]> Of(GraphModel model)
    {
        var shapes = new Dictionary<string, int[]>(model.InputShapes);
        foreach (GraphTensor constant in model.Constants.Values)
        {
            shapes[constant.Name] = constant.Dimensions;
        }

        foreach (GraphNode node in model.Nodes)
        {
            if (node.Outputs.Count > 0 && OutputOf(node, model, shapes) is { } shape)
            {
                foreach (string output in node.Outputs.Take(node.Operator == "Split" ? int.MaxValue : 1))
                {
                    shapes[output] = shape;
                }
            }
        }

        return shapes;
    }

    static int[]? OutputOf(GraphNode node, GraphModel model, Dictionary<string, int[]> shapes)
    {
        var inputs = new List<int[]>();
        foreach (string input in node.Inputs.Where(input => input.Length > 0))
        {
            if (!shapes.TryGetValue(input, out int[]? shape))
            {
                return null;
            }

            inputs.Add(shape);
        }

        if (inputs.Count == 0)
        {
            return null;
        }

        int[] first = inputs[0];
        return node switch
        {
            { Domain: GraphModel.Microsoft, Operator: "Attention" } => [.. first[..^1], inputs[1][1] / 3],
            { Domain.Length: > 0 } => null,
            _ when IsSameAsFirst(node) => first,
            _ when IsBroadcast(node) => inputs.Aggregate((int[]?)[], Broadcast),
            { Operator: "MatMul" } => MatMul(first, inputs[1]),
            { Operator: "Gemm" } =>
                [first[node.IntAttribute("transA", 0) == 0 ? 0 : 1], inputs[1][node.IntAttribute("transB", 0) == 0 ? 1 : 0]],
            { Operator: "Reshape" } => Reshape(first, model.IntegersOf(node.Inputs[1]), node.IntAttribute("allowzero", 0) != 0),
            { Operator: "Flatten" } when Axis(node, first, absent: 1) is var axis =>
                [(int)Count(first.AsSpan(..axis)), (int)Count(first.AsSpan(axis..))],
            { Operator: "Transpose" } => [.. Permutation(node, first.Length).Select(axis => first[axis])],
            { Operator: "Unsqueeze" } => Unsqueeze(first, AxesOf(node, model)),
            { Operator: "Squeeze" } => Squeeze(first, AxesOf(node, model)),
            { Operator: "Gather" } => [.. first[..Axis(node, first)], .. inputs[1], .. first[(Axis(node, first) + 1)..]],
            { Operator: "Concat" } => Concat(inputs, Axis(node, first)),
            { Operator: "Split" } => Split(node, model, first),
            { Operator: "Slice" } when SliceOf(node, model, first) is var (axis, start, end) => Sliced(first, axis, end - start),
            { Operator: "Conv" } => Conv(node, first, inputs[1]),
            { Operator: "ReduceMean" or "ReduceL2" or "ReduceSum" } when node.IntAttribute("keepdims", 1) == 1 =>
                Reduce(first, AxesOf(node, model)),
            { Operator: "ArgMax" } when Axis(node, first) is var axis =>
                node.IntAttribute("keepdims", 1) == 1 ? Reduce(first, [axis]) : [.. first[..axis], .. first[(axis + 1)..]],
            { Operator: "GatherND" } when node.IntAttribute("batch_dims", 0) == 0 => [.. inputs[1][..^1], .. first[inputs[1][^1]..]],
            _ => null,
        };
    }

    public static int[] Permutation(GraphNode node, int rank) => node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse()];

    public static int Axis(GraphNode node, int[] shape, int absent = 0) =>
        (int)node.IntAttribute("axis", absent) is var axis && axis < 0 ? axis + shape.Length : axis;

    static int[]? AxesOf(GraphNode node, GraphModel model) =>
        node.Ints("axes") ?? (node.Inputs.Count > 1 && model.IntegersOf(node.Inputs[1]) is { } axes ? [.. axes.Select(axis => (int)axis)]
            : null);

    static int[]? Broadcast(int[]? left, int[] right)
    {
        if (left is null)
        {
            return null;
        }

        var shape = new int[Math.Max(left.Length, right.Length)];
        for (int i = 1; i <= shape.Length; i++)
        {
            int a = i <= left.Length ? left[^i] : 1;
            int b = i <= right.Length ? right[^i] : 1;
            if (a != b && a != 1 && b != 1)
            {
                return null;
            }

            shape[^i] = a == 1 ? b : a;
        }

        return shape;
    }

    static int[]? MatMul(int[] left, int[] right) =>
        left.Length < 2 || right.Length < 2 || left[^1] != right[^2] || Broadcast(left[..^2], right[..^2]) is not { } batch
        ? null
        : [.. batch, left[^2], right[^1]];

    static int[]? Reshape(int[] from, long[]? wanted, bool takesZero)
    {
        if (wanted is null)
        {
            return null;
        }

        int[] shape = [.. wanted.Select((size, axis) => size == 0 && !takesZero && axis < from.Length ? from[axis] : (int)size)];
        long count = Count(from);
        int open = Array.IndexOf(shape, -1);
        if (open >= 0)
        {
            long others = shape.Where(size => size != -1).Aggregate(1L, (product, size) => product * size);
            shape[open] = others == 0 ? 0 : (int)(count / others);
        }

        return Count(shape) == count ? shape : null;
    }

    static int[]? Unsqueeze(int[] from, int[]? axes)
    {
        if (axes is null)
        {
            return null;
        }

        int rank = from.Length + axes.Length;
        HashSet<int> added = [.. axes.Select(axis => axis < 0 ? axis + rank : axis)];
        int next = 0;
        return [.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? 1 : from[next++])];
    }

    static int[] Squeeze(int[] from, int[]? axes)
    {
        HashSet<int>? gone = axes?.Select(axis => axis < 0 ? axis + from.Length : axis).ToHashSet();
        return [.. from.Where((size, axis) => gone is null ? size != 1 : !gone.Contains(axis))];
    }

    static int[] Concat(List<int[]> inputs, int axis)
    {
        int[] shape = [.. inputs[0]];
        shape[axis] = inputs.Sum(input => input[axis]);
        return shape;
    }

    /// <summary>Only into equal parts.</summary>
    static int[]? Split(GraphNode node, GraphModel model, int[] from)
    {
        int axis = Axis(node, from);
        int parts = node.Outputs.Count;
        if (from[axis] % parts != 0 || (node.Inputs.Count > 1
            && model.IntegersOf(node.Inputs[1])?.Any(size => size != from[axis] / parts) != false))
        {
            return null;
        }

        int[] shape = [.. from];
        shape[axis] /= parts;
        return shape;
    }

    /// <summary>A slice along one axis, without gaps; both ends counted from the front.</summary>
    public static (int Axis, int Start, int End)? SliceOf(GraphNode node, GraphModel model, int[] from)
    {
        if (node.Inputs.Count < 4 || model.IntegersOf(node.Inputs[1]) is not [var start]
            || model.IntegersOf(node.Inputs[2]) is not [var end]
            || model.IntegersOf(node.Inputs[3]) is not [var given]
            || (node.Inputs.Count > 4 && model.IntegersOf(node.Inputs[4]) is not [1]))
        {
            return null;
        }

        int axis = (int)(given < 0 ? given + from.Length : given);
        return (axis, Position(start), Position(end));

        int Position(long index) => (int)Math.Clamp(index < 0 ? index + from[axis] : index, 0, from[axis]);
    }

    static int[] Sliced(int[] from, int axis, int size)
    {
        int[] shape = [.. from];
        shape[axis] = Math.Max(0, size);
        return shape;
    }

    static int[]? Conv(GraphNode node, int[] from, int[] weights)
    {
        if (from.Length != 4 || weights.Length != 4)
        {
            return null;
        }

        int[] strides = node.Ints("strides") ?? [1, 1];
        int[] pads = node.Ints("pads") ?? [0, 0, 0, 0];
        int[] dilations = node.Ints("dilations") ?? [1, 1];
        return [from[0], weights[0], Size(0), Size(1)];

        int Size(int axis) =>
            ((from[axis + 2] + pads[axis] + pads[axis + 2] - (dilations[axis] * (weights[axis + 2] - 1)) - 1) / strides[axis]) + 1;
    }

    static int[]? Reduce(int[] from, int[]? axes)
    {
        if (axes is null)
        {
            return null;
        }

        int[] shape = [.. from];
        foreach (int axis in axes)
        {
            shape[axis < 0 ? axis + shape.Length : axis] = 1;
        }

        return shape;
    }

    /// <summary>The axis of another shape of the same values that steps as this one does.</summary>
    public static int? SameAxis(int[] shape, int axis, int[] other)
    {
        long step = Count(shape.AsSpan(axis + 1));
        for (int i = 0; i < other.Length; i++)
        {
            if (other[i] == shape[axis] && other[i] > 1 && Count(other.AsSpan(i + 1)) == step)
            {
                return i;
            }
        }

        return null;
    }

    public static long Count(ReadOnlySpan<int> shape)
    {
        long count = 1;
        foreach (int size in shape)
        {
            count *= size;
        }

        return count;
    }
}
