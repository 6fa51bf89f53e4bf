namespace ImmichMl.Tests.Support;

/// <summary>
/// A model cache of its own with one CLIP image model that takes its time: a chain of products of one stochastic matrix, about
/// 30 ms a step. Between two steps a run can be stopped.
/// </summary>
sealed class SlowModel : IDisposable
{
    public const string Name = "slow__chain";

    const int Side = 512;

    const string Preprocess = """{ "size": 512, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5] }""";

    public SlowModel(int steps)
    {
        string model = Path.Combine(Folder, "clip", Name, "visual");
        Directory.CreateDirectory(model);
        File.WriteAllBytes(Path.Combine(model, "model.onnx"), Graph(steps));
        File.WriteAllText(Path.Combine(model, "preprocess_cfg.json"), Preprocess, Encoding.UTF8);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("immich-ml-slow-").FullName;

    static byte[] Graph(int steps)
    {
        OnnxGraph graph = new OnnxGraph(Name)
            .Input("image", OnnxType.Float, 1, 3, Side, Side)
            .Output("embedding", OnnxType.Float, 1, 3)
            .Node("Softmax", ["image"], ["step_0"], OnnxAttribute.Int("axis", 3));
        for (int step = 1; step <= steps; step++)
        {
            graph.Node("MatMul", [$"step_{step - 1}", "step_0"], [$"step_{step}"]);
        }

        return graph
            .Node("GlobalMaxPool", [$"step_{steps}"], ["largest"])
            .Node("Flatten", ["largest"], ["embedding"], OnnxAttribute.Int("axis", 1))
            .ToModel();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
