namespace ImmichMl.Tests.Support;

/// <summary>
/// A CLIP image model that takes as much memory as the picture says: next to none for a black one, some for a grey one, more for a
/// white one. Its embedding is twice one number of a fixed sequence, the next with every run
/// that is begun, so that runs can be counted.
/// </summary>
static class GreedyModel
{
    public const string Name = "greedy__model";

    /// <summary>256 TiB: no process has that many addresses.</summary>
    public const long Impossible = 1L << 48;

    public static byte[] Black { get; } = Plain(0);

    public static byte[] Grey { get; } = Plain(128);

    public static byte[] White { get; } = Plain(255);

    static byte[] Plain(byte level)
    {
        byte[] pixels = new byte[3 * 8 * 8];
        pixels.AsSpan().Fill(level);
        return DemoPicture.EncodeBmp(8, 8, pixels);
    }

    public static TempFolder Cache(long grey, long white)
    {
        var cache = new TempFolder();
        cache.Write(Graph(grey, white), "clip", Name, "visual", "model.onnx");
        cache.Write("""{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray(), "clip", Name, "visual",
            "preprocess_cfg.json");
        return cache;
    }

    /// <summary>The count hangs on the random number, so that the number is drawn first.</summary>
    static byte[] Graph(long grey, long white) =>
        new OnnxGraph("greedy").Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, 2)
        .Initializer("bright", OnnxTensor.Floats([], [0.5f]))
        .Initializer("dark", OnnxTensor.Floats([], [-0.5f]))
        .Initializer("one", OnnxTensor.Int64s([1], [1]))
        .Initializer("some", OnnxTensor.Int64s([1], [grey / sizeof(float)]))
        .Initializer("more", OnnxTensor.Int64s([1], [white / sizeof(float)]))
        .Node("RandomUniform", [], ["drawn"], OnnxAttribute.Ints("shape", 1), OnnxAttribute.Float("seed", 7))
        .Node("Cast", ["drawn"], ["zero"], OnnxAttribute.Int("to", (long)OnnxType.Int64))
        .Node("ReduceMean", ["image"], ["level"], OnnxAttribute.Int("keepdims", 0))
        .Node("Greater", ["level", "bright"], ["is_white"])
        .Node("Greater", ["level", "dark"], ["is_grey"])
        .Node("Where", ["is_grey", "some", "one"], ["least"])
        .Node("Where", ["is_white", "more", "least"], ["wanted"])
        .Node("Add", ["wanted", "zero"], ["count"])
        .Node("ConstantOfShape", ["count"], ["block"])
        .Node("ReduceMax", ["block"], ["most"], OnnxAttribute.Int("keepdims", 0))
        .Node("Add", ["drawn", "most"], ["number"])
        .Node("Concat", ["number", "number"], ["embedding"], OnnxAttribute.Int("axis", 0)).ToModel();
}
