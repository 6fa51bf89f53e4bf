namespace ImmichMl.Graphs;

/// <summary>
/// Which element of another value stands at each position of this one. Operators that only move values about are followed by moving these
/// numbers about: however an exporter splits heads, the numbers tell what came of it.
/// </summary>
readonly record struct Layout(int[] Shape, int[] From)
{
    /// <summary>A value as it is: element i at position i.</summary>
    public static Layout Of(int[] shape) => new(shape, [.. Enumerable.Range(0, (int)GraphShapes.Count(shape))]);

    public bool IsInOrder
    {
        get
        {
            for (int i = 0; i < From.Length; i++)
            {
                if (From[i] != i)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>True for operators that <see cref="After"/> can follow from their first input to one of their outputs.</summary>
    public static bool Moves(GraphNode node, GraphModel model) => node.Domain.Length == 0 && node.Operator switch
    {
        "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Identity" or "Split" => true,
        "Gather" or "Slice" => model.IntegersOf(node.Inputs[1]) is [_],
        _ => false,
    };

    /// <param name="node">An operator that moves values.</param>
    /// <param name="output">Which of its outputs.</param>
    /// <param name="model">Where its constants are.</param>
    /// <param name="shape">The shape of that output.</param>
    public Layout After(GraphNode node, string output, GraphModel model, int[] shape) => node.Operator switch
    {
        "Transpose" => Transposed(GraphShapes.Permutation(node, Shape.Length)),
        "Gather" => Part(shape, GraphShapes.Axis(node, Shape), (int)model.IntegersOf(node.Inputs[1])![0], size: 1),
        "Split" when GraphShapes.Axis(node, Shape) is var axis =>
            Part(shape, axis, node.Outputs.IndexOf(output) * shape[axis], shape[axis]),
        "Slice" when GraphShapes.SliceOf(node, model, Shape) is var (axis, start, _) => Part(shape, axis, start, shape[axis]),
        _ => this with { Shape = shape },
    };

    Layout Transposed(int[] permutation)
    {
        var steps = new int[Shape.Length];
        int step = 1;
        for (int axis = Shape.Length - 1; axis >= 0; axis--)
        {
            steps[axis] = step;
            step *= Shape[axis];
        }

        int[] shape = new int[Shape.Length];
        for (int axis = 0; axis < shape.Length; axis++)
        {
            shape[axis] = Shape[permutation[axis]];
        }

        var from = new int[From.Length];
        var position = new int[shape.Length];
        for (int i = 0; i < from.Length; i++)
        {
            int source = 0;
            for (int axis = 0; axis < position.Length; axis++)
            {
                source += position[axis] * steps[permutation[axis]];
            }

            from[i] = From[source];
            for (int axis = position.Length - 1; axis >= 0 && ++position[axis] == shape[axis]; axis--)
            {
                position[axis] = 0;
            }
        }

        return new Layout(shape, from);
    }

    /// <summary>So many positions along an axis.</summary>
    Layout Part(int[] shape, int axis, int start, int size)
    {
        int inner = (int)GraphShapes.Count(Shape.AsSpan(axis + 1));
        int whole = Shape[axis] * inner;
        int part = size * inner;
        int offset = (start < 0 ? start + Shape[axis] : start) * inner;
        var from = new int[From.Length / whole * part];
        for (int i = 0; i < from.Length; i++)
        {
            from[i] = From[(i / part * whole) + offset + (i % part)];
        }

        return new Layout(shape, from);
    }
}
