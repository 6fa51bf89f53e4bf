using System.Runtime.InteropServices;

namespace ImmichMl.Graphs.Quantization;

/// <summary>A layer as a model of its own, so that what a form does to it can be measured by running it.</summary>
public static class LayerTrial
{
    public const string InputName = "x";
    public const string OutputName = "y";

    /// <summary>x [rows, inputs] to y [rows, outputs], without what is added.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="layer">One of its layers.</param>
    /// <param name="plan">Its form; where it is scaled, x is to be divided already.</param>
    /// <param name="folder">For the model and its weights.</param>
    /// <returns>The model's path.</returns>
    public static string Write(GraphModel model, LinearLayer layer, LayerPlan plan, string folder)
    {
        float[] columns = layer.Columns(model.Folder, plan.Scale);
        string path = Path.Combine(folder, "layer.onnx");
        const string Weights = "layer.bin";
        using (FileStream weights = File.Create(Path.Combine(folder, Weights)))
        {
            weights.Write(MemoryMarshal.AsBytes(columns.AsSpan()));
        }

        GraphTensor stored = GraphTensor.External("w", [layer.Outputs, layer.Inputs], Weights, 0);
        var graph = new ProtobufWriter();
        graph.Message(1, new GraphNode
        {
            Operator = "Gemm", Name = "layer", Inputs = [InputName, "w"], Outputs = [OutputName],
        }.With("transB", 1L).ToMessage());
        graph.Text(2, "layer").Bytes(5, stored.ToBytes()).Bytes(11, Value(InputName, layer.Inputs))
            .Bytes(12, Value(OutputName, layer.Outputs));
        byte[] plain = new ProtobufWriter().Number(1, 8).Message(7, graph).Message(8, Domain("", 17))
            .Message(8, Domain(GraphModel.Microsoft, 1)).ToArray();
        if (plan.Form.Kind == LayerKind.Plain)
        {
            File.WriteAllBytes(path, plain);
            return path;
        }

        GraphModel one = GraphModel.Read(plain, folder);
        using FileStream rounded = File.Create(Path.Combine(folder, "rounded.bin"));
        var plans = new Dictionary<string, LayerPlan> { [OutputName] = plan with { Scale = null } };
        QuantizedGraph.Apply(one, plans, LayerForm.Plain, rounded);
        File.WriteAllBytes(path, one.ToBytes());
        return path;
    }

    static ProtobufWriter Domain(string name, long version) => new ProtobufWriter().Text(1, name).Number(2, version);

    static byte[] Value(string name, int width) =>
        new GraphValue(name, StoredTensor.SingleType, [1, width]) { Free = (0, "rows") }.ToMessage().ToArray();
}
