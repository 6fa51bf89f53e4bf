namespace ImmichMl.Tests.Support;

/// <summary>A cache of two CLIP image models: one whose run takes minutes, and one that gives its input back at once.</summary>
static class EndlessModel
{
    public const string Slow = "slow__model";
    public const string Quick = "quick__model";

    public static TempFolder Cache()
    {
        var cache = new TempFolder();
        byte[] config = """{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray();
        foreach ((string name, byte[] onnx) in (ReadOnlySpan<(string, byte[])>)[(Slow, Multiplications(600)), (Quick, Copy())])
        {
            cache.Write(onnx, "clip", name, "visual", "model.onnx");
            cache.Write(config, "clip", name, "visual", "preprocess_cfg.json");
        }

        return cache;
    }

    static byte[] Copy() => new OnnxGraph(Quick).Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, 1, 192)
        .Node("Flatten", ["image"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();

    /// <summary>A chain of products of 3072×3072 matrices, 58 GFLOP each; all hang on the input, so none can be worked out ahead.</summary>
    static byte[] Multiplications(int count)
    {
        OnnxGraph graph = new OnnxGraph(Slow).Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, 1, 2)
            .Initializer("shape", OnnxTensor.Int64s([2], [3072, 3072]))
            .Node("ConstantOfShape", ["shape"], ["matrix"], OnnxAttribute.Tensor("value", OnnxTensor.Floats([1], [1f / 3072])))
            .Node("ReduceMean", ["image"], ["mean"], OnnxAttribute.Int("keepdims", 0))
            .Node("Add", ["matrix", "mean"], ["product_0"]);
        for (int i = 0; i < count; i++)
        {
            graph.Node("MatMul", [$"product_{i}", "product_0"], [$"product_{i + 1}"]);
        }

        return graph.Node("ReduceMax", [$"product_{count}"], ["largest"])
            .Node("Concat", ["largest", "largest"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();
    }
}
