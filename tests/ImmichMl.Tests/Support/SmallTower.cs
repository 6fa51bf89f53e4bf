namespace ImmichMl.Tests.Support;

/// <summary>A transformer over pictures of 32 × 32 as CLIP has them, with weights that chance gives.</summary>
sealed class SmallTower
{
    const int Side = 32, Patch = 8, Tokens = Side / Patch * (Side / Patch), Heads = 4, Embedding = 64;

    readonly OnnxGraph _graph = new("tower");
    readonly Lcg _chance = new(5);
    readonly int _width;
    readonly float _outlier;
    int _names;

    SmallTower(int width, float outlier) => (_width, _outlier) = (width, outlier);

    /// <param name="width">Of a token; a multiple of 32.</param>
    /// <param name="blocks">Of the transformer.</param>
    /// <param name="outlier">By how much each 40th channel behind a normalization is larger than others; its weights are smaller.</param>
    public static byte[] Model(int width = 64, int blocks = 2, float outlier = 1) => new SmallTower(width, outlier).Write(blocks);

    /// <summary>In a cache, with 16 MB that nothing uses, so that copies of it are made.</summary>
    public static TempFolder Cache(ModelKey key, float outlier = 1)
    {
        var cache = new TempFolder();
        cache.Write(new SmallTower(128, outlier).Write(4, new float[4_000_000]), "clip", key.Name, "visual", "model.onnx");
        cache.Write(
            """{"size": 32, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "bicubic", "resize_mode": "shortest"}"""u8
                .ToArray(), "clip", key.Name, "visual", "preprocess_cfg.json");
        return cache;
    }

    byte[] Write(int blocks, float[]? ballast = null)
    {
        if (ballast is not null)
        {
            _graph.Initializer("ballast", OnnxTensor.Floats([ballast.Length], ballast));
        }

        _graph.Input("image", OnnxType.Float, 1, 3, Side, Side).Output("embedding", OnnxType.Float, 1, Embedding);
        string x = Op("Conv", ["image", Weight(0.03f, _width, 3, Patch, Patch)], OnnxAttribute.Ints("strides", Patch, Patch));
        x = Op("Transpose", [Op("Reshape", [x, Whole(1, _width, Tokens)])], OnnxAttribute.Ints("perm", 0, 2, 1));
        x = Op("Add", [x, Weight(0.2f, 1, Tokens, _width)]);
        for (int i = 0; i < blocks; i++)
        {
            x = Block(x);
        }

        x = Op("Gather", [Normalized(x), Constant(OnnxTensor.Int64s([], [0]))], OnnxAttribute.Int("axis", 1));
        x = Op("MatMul", [x, Weight(1 / MathF.Sqrt(_width), _width, Embedding)]);
        return _graph.Node(
            "Div", [x, Op("ReduceL2", [x], OnnxAttribute.Ints("axes", -1), OnnxAttribute.Int("keepdims", 1))], ["embedding"]).ToModel();
    }

    string Block(string x)
    {
        string y = Normalized(x), split = Whole(1, Tokens, Heads, _width / Heads);
        string Part() => Op("Transpose", [Op("Reshape", [Linear(y, _width, _width, true), split])], OnnxAttribute.Ints("perm", 0, 2, 1, 3));
        string query = Part(), key = Part(), value = Part();
        string scaled = Op("Mul", [query, Constant(OnnxTensor.Floats([], [1 / MathF.Sqrt(_width / Heads)]))]);
        string scores = Op("MatMul", [scaled, Op("Transpose", [key], OnnxAttribute.Ints("perm", 0, 1, 3, 2))]);
        string attended = Op("MatMul", [Op("Softmax", [scores], OnnxAttribute.Int("axis", -1)), value]);
        attended = Op("Reshape", [Op("Transpose", [attended], OnnxAttribute.Ints("perm", 0, 2, 1, 3)), Whole(1, Tokens, _width)]);
        x = Op("Add", [x, Linear(attended, _width, _width, false)]);
        y = Linear(Normalized(x), _width, 4 * _width, true);
        return Op("Add", [x, Linear(Op("Mul", [y, Op("Sigmoid", [y])]), 4 * _width, _width, false)]);
    }

    bool IsOutlier(int channel) => channel % 40 == 7;

    string Normalized(string x) => Op(
        "LayerNormalization",
        [
            x, Constant(OnnxTensor.Floats([_width], [.. Enumerable.Range(0, _width).Select(i => IsOutlier(i) ? _outlier : 1)])),
            Constant(OnnxTensor.Floats([_width], new float[_width])),
        ],
        OnnxAttribute.Int("axis", -1), OnnxAttribute.Float("epsilon", 1e-5f));

    string Linear(string x, int from, int to, bool isNormalized)
    {
        float[] weights = Values(from * to, 1 / MathF.Sqrt(from));
        for (int i = 0; isNormalized && i < weights.Length; i++)
        {
            weights[i] /= IsOutlier(i / to) ? _outlier : 1;
        }

        return Op("Add", [Op("MatMul", [x, Constant(OnnxTensor.Floats([from, to], weights))]), Weight(0.1f, to)]);
    }

    string Weight(float scale, params ReadOnlySpan<int> shape)
    {
        long[] dims = [.. shape.ToArray().Select(size => (long)size)];
        return Constant(OnnxTensor.Floats(dims, Values((int)dims.Aggregate(1L, (product, size) => product * size), scale)));
    }

    /// <summary>As near to a normal distribution as the sum of four gets.</summary>
    float[] Values(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ =>
        scale * 1.7f * ((Enumerable.Range(0, 4).Sum(_ => _chance.Next(1001)) / 2000f) - 1))];

    string Whole(params long[] values) => Constant(OnnxTensor.Int64s([values.Length], values));

    string Constant(OnnxTensor tensor)
    {
        string name = $"c{_names++}";
        _graph.Initializer(name, tensor);
        return name;
    }

    string Op(string kind, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = $"v{_names++}";
        _graph.Node(kind, inputs, [name], attributes);
        return name;
    }
}
