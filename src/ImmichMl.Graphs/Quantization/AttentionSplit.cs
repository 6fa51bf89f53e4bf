namespace ImmichMl.Graphs.Quantization;

/// <summary>
/// Takes an attention that projects by itself (com.microsoft.Attention) apart into the projection, a layer like any other, and the rest
/// (com.microsoft.MultiHeadAttention): what projects inside does so in single precision.
/// </summary>
public static class AttentionSplit
{
    /// <returns>How many were taken apart.</returns>
    public static int Apply(GraphModel model)
    {
        GraphNode[] attentions = [.. model.Nodes.Where(node => node is { Domain: GraphModel.Microsoft, Operator: "Attention" }
            && node.Inputs.Count >= 3 && node.Inputs.Where((input, at) => at is 3 or 4 or > 5).All(input => input.Length == 0)
            && model.Constants.ContainsKey(node.Inputs[1]) && node.FloatAttribute("scale") is not null)];
        foreach (GraphNode node in attentions)
        {
            string product = model.NewName("projected"), added = model.NewName("projected");
            string[] parts = [model.NewName("query"), model.NewName("key"), model.NewName("value")];
            string mask = node.Inputs.Count > 5 ? node.Inputs[5] : "";
            int at = model.Nodes.IndexOf(node);
            model.Nodes.RemoveAt(at);
            model.Nodes.InsertRange(at,
            [
                new GraphNode { Operator = "MatMul", Name = product, Inputs = [node.Inputs[0], node.Inputs[1]], Outputs = [product] },
                new GraphNode { Operator = "Add", Name = added, Inputs = [product, node.Inputs[2]], Outputs = [added] },
                new GraphNode
                {
                    Operator = "Split", Name = parts[0], Outputs = [.. parts],
                    Inputs = [added, model.Add(Thirds(model, model.Constants[node.Inputs[1]].Dimensions[1]))],
                }.With("axis", -1L),
                new GraphNode
                {
                    Operator = "MultiHeadAttention", Domain = GraphModel.Microsoft, Name = node.Name, Outputs = node.Outputs,
                    Inputs = mask.Length > 0 ? [.. parts, "", "", mask] : [.. parts],
                }.With("num_heads", node.IntAttribute("num_heads", 1)).With("scale", node.FloatAttribute("scale")!.Value),
            ]);
        }

        return attentions.Length;
    }

    static GraphTensor Thirds(GraphModel model, int width) =>
        GraphTensor.Integers(model.NewName("thirds"), width / 3, width / 3, width / 3);
}
