namespace ImmichMl.Tests.Support;

/// <summary>
/// A CLIP model, large enough for prepared copies, whose layers may be calculated in whole numbers: from what is looked at or read through
/// two products, a normalization and a projection to 32 numbers. Weights follow from a formula.
/// </summary>
static class RoundableClip
{
    public const string Name = "roundable__clip";

    const int Side = 8, Width = 2080, Numbers = 32, Length = 77, Letters = 259, LetterWidth = 64;

    public static TempFolder Cache(bool hasText)
    {
        var cache = new TempFolder();
        OnnxGraph visual = new OnnxGraph("visual").Input("image", OnnxType.Float, 1, 3, Side, Side)
            .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1));
        cache.Write(Tower(visual, 3 * Side * Side), "clip", Name, "visual", "model.onnx");
        cache.Write("""{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8, "clip", Name, "visual", "preprocess_cfg.json");
        if (hasText)
        {
            OnnxGraph textual = new OnnxGraph("textual").Input("text", OnnxType.Int32, 1, Length)
                .Initializer("table", OnnxTensor.Floats([Letters, LetterWidth], Values(Letters * LetterWidth, 3)))
                .Node("Gather", ["table", "text"], ["letters"])
                .Node("ReduceMean", ["letters"], ["flat"], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 0));
            cache.Write(Tower(textual, LetterWidth), "clip", Name, "textual", "model.onnx");
            cache.Write(Encoding.UTF8.GetBytes(TextModel.Bytes), "clip", Name, "textual", "tokenizer.json");
            cache.Write("""{"pad_token": "<pad>"}"""u8, "clip", Name, "textual", "tokenizer_config.json");
            cache.Write("""{"text_cfg": {"context_length": 77}}"""u8, "clip", Name, "config.json");
        }

        return cache;
    }

    static byte[] Tower(OnnxGraph graph, int inputs) => graph.Output("embedding", OnnxType.Float, 1, Numbers)
        .Initializer("in", OnnxTensor.Floats([inputs, Width], Values(inputs * Width, 5)))
        .Initializer("on", OnnxTensor.Floats([Width, Width], Values(Width * Width, 7)))
        .Initializer("out", OnnxTensor.Floats([Width, Numbers], Values(Width * Numbers, 11)))
        .Initializer("scale", OnnxTensor.Floats([Width], [.. Enumerable.Repeat(1f, Width)]))
        .Initializer("shift", OnnxTensor.Floats([Width], new float[Width]))
        .Node("MatMul", ["flat", "in"], ["first"])
        .Node("MatMul", ["first", "on"], ["second"])
        .Node("LayerNormalization", ["second", "scale", "shift"], ["normal"])
        .Node("MatMul", ["normal", "out"], ["embedding"]).ToModel();

    /// <summary>From -1 to 1.</summary>
    static float[] Values(int count, uint seed)
    {
        var numbers = new Lcg(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (numbers.Next(2001) / 1000f) - 1)];
    }
}
