namespace ImmichMl.Tests.Inference;

/// <summary>
/// A CLIP image model that is unlike the usual export. Its embedding is its whole input, so that size and standardizing show.
/// </summary>
/// <param name="What">Tells the cases apart.</param>
/// <param name="Onnx">The bytes of model.onnx.</param>
/// <param name="Config">preprocess_cfg.json; null where that file is missing.</param>
/// <param name="Side">The square that the model is to see; 0 where the model cannot be used.</param>
/// <param name="Tolerance">Of a value.</param>
public sealed record OddModel(string What, byte[] Onnx, string? Config, int Side, float Tolerance = 0)
{
    static readonly string Plain = """{"size": [16, 16], "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}""";

    public static readonly float[] Mean = [0.1f, 0.2f, 0.3f];

    public static readonly float[] Std = [0.5f, 0.6f, 0.7f];

    public static IEnumerable<OddModel> Usable() =>
    [
        new("the usual export", Model(OnnxType.Float, 1, 3, 16, 16), Plain, 16),
        new("a free batch", Model(OnnxType.Float, "batch", 3, 16, 16), Plain, 16),
        new("a free batch and free channels", Model(OnnxType.Float, "batch", "channels", 16, 16), Plain, 16),
        new("free height and width", Model(OnnxType.Float, 1, 3, "height", "width"), Plain, 16),
        new("nothing fixed", Model(OnnxType.Float, "batch", "channels", "height", "width"), Plain, 16),
        new("free height and width, size a number", Model(OnnxType.Float, 1, 3, "h", "w"),
            Plain.Replace("[16, 16]", "24", StringComparison.Ordinal), 24),
        new("free height and width, size not square", Model(OnnxType.Float, 1, 3, "h", "w"),
            Plain.Replace("[16, 16]", "[24, 16]", StringComparison.Ordinal), 24),
        new("only the height is fixed", Model(OnnxType.Float, 1, 3, 20, "w"), Plain, 20),
        new("a size that differs from the configured", Model(OnnxType.Float, 1, 3, 20, 20), Plain, 20),
        new("half precision in and out", Model(OnnxType.Float16, 1, 3, 16, 16), Plain, 16, 0.004f),
        new("half precision, nothing fixed", Model(OnnxType.Float16, "b", 3, "h", "w"), Plain, 16, 0.004f),
        new("half precision out", Cast(OnnxType.Float16), Plain, 16, 0.004f),
        new(
            "a second output",
            Graph(OnnxType.Float, 1, 3, 16, 16).Output("other", OnnxType.Int64, 4).Node("Shape", ["image"], ["other"]).ToModel(),
            Plain, 16),
        new("further keys in the configuration", Model(OnnxType.Float, 1, 3, 16, 16),
            Plain.Replace("{", "{\"mode\": \"RGB\", \"fill_color\": 0, ", StringComparison.Ordinal), 16),
    ];

    public static IEnumerable<OddModel> Unusable() =>
    [
        new("three axes", Model(OnnxType.Float, 3, 16, 16), Plain, 0),
        new("five axes", Model(OnnxType.Float, 1, 1, 3, 16, 16), Plain, 0),
        new("a rank that is left open", Model(OnnxType.Float), Plain, 0),
        new("a batch of two", Model(OnnxType.Float, 2, 3, 16, 16), Plain, 0),
        new("four channels", Model(OnnxType.Float, 1, 4, 16, 16), Plain, 0),
        new("one channel", Model(OnnxType.Float, 1, 1, 16, 16), Plain, 0),
        new("channels last", Model(OnnxType.Float, 1, 16, 16, 3), Plain, 0),
        new("not a square", Model(OnnxType.Float, 1, 3, 16, 24), Plain, 0),
        new("a side that overflows", Model(OnnxType.Float, 1, 3, 65_536, 65_536), Plain, 0),
        new("integers in", Model(OnnxType.Int32, 1, 3, 16, 16), Plain, 0),
        new("bytes in", Model(OnnxType.UInt8, 1, 3, 16, 16), Plain, 0),
        new("doubles in", Model(OnnxType.Double, 1, 3, 16, 16), Plain, 0),
        new("integers out", Cast(OnnxType.Int64), Plain, 0),
        new("two inputs", Graph(OnnxType.Float, 1, 3, 16, 16).Input("text", OnnxType.Float, 1).ToModel(), Plain, 0),
        new("an unknown operator", Whole().Output("x", OnnxType.Float, 1).Node("Nonsense", ["image"], ["x"]).ToModel(), Plain, 0),
        new("a newer opset than there is", Graph(OnnxType.Float, 1, 3, 16, 16).Versions(8, 999).ToModel(), Plain, 0),
        new("a graph that fails when it runs", Fails(), Plain, 0),
        new("an empty file", [], Plain, 0),
        new("a page of HTML", Encoding.UTF8.GetBytes("<!doctype html><html><body>Not found</body></html>"), Plain, 0),
        new("a cut file", Model(OnnxType.Float, 1, 3, 16, 16)[..^20], Plain, 0),
        new("no configuration", Model(OnnxType.Float, 1, 3, 16, 16), null, 0),
        .. new[]
        {
            "", "null", "[]", "{", "{}", """{"size": 16}""", Plain.Replace("16, 16", "", StringComparison.Ordinal),
            Plain.Replace("[16, 16]", "null", StringComparison.Ordinal), Plain.Replace("[16, 16]", "\"16\"", StringComparison.Ordinal),
            Plain.Replace("[16, 16]", "0", StringComparison.Ordinal), Plain.Replace("[16, 16]", "-16", StringComparison.Ordinal),
            Plain.Replace("[16, 16]", "16.5", StringComparison.Ordinal), Plain.Replace("[16, 16]", "1000000", StringComparison.Ordinal),
            Plain.Replace("0.5,", "0,", StringComparison.Ordinal), Plain.Replace(", 0.3]", "]", StringComparison.Ordinal),
            Plain.Replace(", 0.7]", ", 0.7, 1]", StringComparison.Ordinal), Plain.Replace("0.2", "\"a\"", StringComparison.Ordinal),
            Plain.Replace("[0.1, 0.2, 0.3]", "null", StringComparison.Ordinal), Plain.Replace(
                "[0.5, 0.6, 0.7]", "null", StringComparison.Ordinal),
            Plain.Replace("0.2", "1e400", StringComparison.Ordinal), $"{Plain} trailing",
        }.Select(config => new OddModel($"the configuration {config}", Model(OnnxType.Float, 1, 3, "h", "w"), config, 0)),
    ];

    public override string ToString() => What;

    static OnnxGraph Whole() => new OnnxGraph("odd").Input("image", OnnxType.Float, 1, 3, 16, 16);

    static OnnxGraph Graph(OnnxType type, params ReadOnlySpan<OnnxDim> dims) =>
        new OnnxGraph("odd").Input("image", type, dims).Output("embedding", type, "rows", "values")
            .Node("Flatten", ["image"], ["embedding"], OnnxAttribute.Int("axis", 1));

    static byte[] Model(OnnxType type, params ReadOnlySpan<OnnxDim> dims) => Graph(type, dims).ToModel();

    static byte[] Cast(OnnxType type) => Whole().Output("embedding", type, 1, 768)
        .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1))
        .Node("Cast", ["flat"], ["embedding"], OnnxAttribute.Int("to", (long)type)).ToModel();

    /// <summary>Asks for a value beyond the end, at a place that only the input decides.</summary>
    static byte[] Fails() => Whole().Output("embedding", OnnxType.Float, "n")
        .Initializer("far", OnnxTensor.Floats([], [1e6f]))
        .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 0))
        .Node("Shape", ["flat"], ["shape"])
        .Node("ReduceMax", ["flat"], ["most"], OnnxAttribute.Int("keepdims", 0))
        .Node("Abs", ["most"], ["positive"])
        .Node("Add", ["positive", "far"], ["place"])
        .Node("Cast", ["place"], ["index"], OnnxAttribute.Int("to", (long)OnnxType.Int64))
        .Node("Gather", ["flat", "index"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();
}
