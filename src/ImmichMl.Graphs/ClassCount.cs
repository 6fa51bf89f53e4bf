namespace ImmichMl.Graphs;

/// <summary>
/// How many classes a graph chooses from that gives only the number of the chosen one: the last axis of what its ArgMax takes, told by the
/// weights that make it.
/// </summary>
public static class ClassCount
{
    const int MostSteps = 16;

    // Read whole; what is larger has its weights in files beside it.
    const long MostBytes = 256 * 1024 * 1024;

    static readonly HashSet<string> s_keepsClasses =
        ["ArgMax", "Cast", "Identity", "LogSoftmax", "Softmax", "Squeeze", "TopK", "Unsqueeze"];

    /// <returns>0 where the graph is none, is too large to read, or ends in another way.</returns>
    public static int Of(string path, string output)
    {
        try
        {
            if (new FileInfo(path) is { Length: > MostBytes })
            {
                return 0;
            }

            GraphModel model = GraphModel.Read(path);
            for (int step = 0; step < MostSteps; step++)
            {
                if (model.Nodes.FirstOrDefault(node => node.Outputs.Contains(output)) is not { Inputs.Count: > 0 } node)
                {
                    return 0;
                }

                if (!s_keepsClasses.Contains(node.Operator))
                {
                    return node.Operator is "MatMul" or "Add" or "Gemm" ? LastAxis(model, node) : 0;
                }

                output = node.Inputs[0];
            }
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException or IOException or UnauthorizedAccessException)
        {
            // Whether it is a model is for ONNX Runtime to say.
        }

        return 0;
    }

    /// <summary>Of a bias, which may be all there is to see, or of a matrix that is not turned.</summary>
    static int LastAxis(GraphModel model, GraphNode node)
    {
        IEnumerable<int[]> constants = node.Inputs.Where(model.Constants.ContainsKey).Select(input => model.Constants[input].Dimensions);
        int[]? shape = constants.FirstOrDefault(shape => shape.Length == 1 || (node.Operator == "MatMul" && shape.Length == 2));
        return shape is [.., > 1 and var last] ? last : 0;
    }
}
