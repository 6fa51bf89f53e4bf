namespace ImmichMl.Tests.Support.Synthetic;

/// <summary>
/// A face detector in SCRFD's shape, made by formula: a face is a blob of skin's chroma, alone in a window of nine cells. Its centre and
/// size are the blob's centroid and area, and its landmarks lie where DemoFaces draws them.
/// </summary>
internal sealed record SyntheticScrfd
{
    public static readonly int[] Strides = [8, 16, 32];

    // Eyes, nose, corners of the mouth from the middle, in half widths of the face; as ArcFace's template has them.
    private static readonly (float X, float Y)[] _landmarks = [(-0.5f, -0.47f), (0.5f, -0.47f), (0, 0.1f), (-0.42f, 0.69f), (0.42f, 0.69f)];

    private const int Window = 9;
    private const int Ring = Window + 2;

    // What eyes, mouth and hair take away from the ellipse of skin.
    private const double Covered = 1.1;

    public bool Landmarks { get; init; } = true;

    public bool BatchAxis { get; init; }

    public OnnxDim Height { get; init; } = "height";

    public OnnxDim Width { get; init; } = "width";

    public bool Half { get; init; }

    public int Anchors { get; init; } = 2;

    /// <summary>A backbone runs beside the formula, and what it says is taken in so small a share that nothing changes.</summary>
    public bool Costly { get; init; }

    /// <summary>The names of the outputs, score_8 to kps_32, as they are to be listed.</summary>
    public Func<IEnumerable<string>, IEnumerable<string>> Order { get; init; } = names => names;

    public byte[] ToModel()
    {
        OnnxType type = Half ? OnnxType.Float16 : OnnxType.Float;
        var graph = new OnnxGraph("synthetic_scrfd").Metadata("source", "SyntheticScrfd.cs").Input("image", type, 1, 3, Height, Width)
            .Initializer("chroma_weights", OnnxTensor.Floats([2, 3, 1, 1], [1, -1, 0, 0, 1, -1]))
            .Initializer("chroma_biases", OnnxTensor.Floats([2], [-60 / 128f, -40 / 128f]))
            .Initializer("skin_weights", OnnxTensor.Floats([1, 2, 1, 1], [-10, -10]))
            .Initializer("one", OnnxTensor.Floats([1], [1]))
            .Node("Cast", ["image"], ["pixels"], OnnxAttribute.Int("to", (long)OnnxType.Float))
            .Node("Conv", ["pixels", "chroma_weights", "chroma_biases"], ["chroma"])
            .Node("Mul", ["chroma", "chroma"], ["distance"])
            .Node("Conv", ["distance", "skin_weights", "one"], ["nearness"])
            .Node("Relu", ["nearness"], ["skin"])
            .Initializer("sums", OnnxTensor.Floats([5, 1, Ring, Ring], Sums()))
            .Initializer("tiny", OnnxTensor.Floats([], [1e-3f]))
            .Initializer("ellipse", OnnxTensor.Floats([], [(float)(Covered * 3 / (4 * Math.PI))]))
            .Initializer("least", OnnxTensor.Floats([], [7]))
            .Initializer("least_core", OnnxTensor.Floats([], [4]))
            .Initializer("most", OnnxTensor.Floats([], [38]))
            .Initializer("score_weights", OnnxTensor.Floats([1, 6, 1, 1], [-0.12f, -0.12f, -0.5f, -0.2f, -0.2f, -0.3f]))
            .Initializer("anchor_weights",
                OnnxTensor.Floats([Anchors, 1, 1, 1], [.. Enumerable.Range(0, Anchors).Select(i => 1 - (0.1f * i))]))
            .Initializer("bbox_weights", OnnxTensor.Floats([4 * Anchors, 3, 1, 1],
                Repeat([-1, 0, 1, 0, -1, 4 / 3f, 1, 0, 1, 0, 1, 4 / 3f])))
            .Initializer("bbox_biases", OnnxTensor.Floats([4 * Anchors], Repeat([-0.5f, -0.5f, 0.5f, 0.5f])))
            .Initializer("kps_weights", OnnxTensor.Floats([10 * Anchors, 3, 1, 1],
                Repeat([.. _landmarks.SelectMany(point => new[] { 1, 0, point.X, 0, 1, point.Y })])))
            .Initializer("kps_biases", OnnxTensor.Floats([10 * Anchors], Repeat([.. Enumerable.Repeat(0.5f, 10)])));
        foreach (var (what, width) in Widths())
        {
            graph.Initializer($"{what}_shape", OnnxTensor.Int64s([BatchAxis ? 3 : 2], BatchAxis ? [1, -1, width] : [-1, width]));
        }

        if (Costly)
        {
            new SyntheticBackbone(graph, Anchors).Add("pixels");
        }

        foreach (var stride in Strides)
        {
            AddStride(graph, stride, type);
        }

        foreach (var name in Order(from what in Widths() from stride in Strides select $"{what.Name}_{stride}"))
        {
            graph.Output(name, type);
        }

        return graph.ToModel();
    }

    private IEnumerable<(string Name, int Width)> Widths() => new[] { ("score", 1), ("bbox", 4), ("kps", 10) }.Take(Landmarks ? 3 : 2);

    private float[] Repeat(float[] values) => [.. Enumerable.Repeat(values, Anchors).SelectMany(some => some)];

    /// <summary>Area, first moments, what lies around the window, and what in its middle: two faces have none there.</summary>
    private static float[] Sums()
    {
        var kernels = new float[5 * Ring * Ring];
        for (var i = 0; i < Ring * Ring; i++)
        {
            var (x, y) = ((i % Ring) - (Ring / 2), (i / Ring) - (Ring / 2));
            var inside = Math.Max(Math.Abs(x), Math.Abs(y)) <= Window / 2;
            kernels[i] = inside ? 1 : 0;
            kernels[(Ring * Ring) + i] = inside ? x : 0;
            kernels[(2 * Ring * Ring) + i] = inside ? y : 0;
            kernels[(3 * Ring * Ring) + i] = inside ? 0 : 1;
            kernels[(4 * Ring * Ring) + i] = Math.Max(Math.Abs(x), Math.Abs(y)) <= 1 ? 1 : 0;
        }

        return kernels;
    }

    private void AddStride(OnnxGraph graph, int stride, OnnxType type)
    {
        string At(string name) => $"{name}_at_{stride}";
        graph
            .Node("AveragePool", ["skin"], [At("density")], OnnxAttribute.Ints("kernel_shape", stride, stride),
                OnnxAttribute.Ints("strides", stride, stride))
            .Node("Conv", [At("density"), "sums"], [At("moments")], OnnxAttribute.Ints("pads", Ring / 2, Ring / 2, Ring / 2, Ring / 2))
            .Node("Split", [At("moments")], [At("area"), At("sum_x"), At("sum_y"), At("around"), At("core")], OnnxAttribute.Int("axis", 1))
            .Node("Add", [At("area"), "tiny"], [At("some_area")])
            .Node("Div", [At("sum_x"), At("some_area")], [At("x")])
            .Node("Div", [At("sum_y"), At("some_area")], [At("y")])
            .Node("Mul", [At("area"), "ellipse"], [At("squared")])
            .Node("Sqrt", [At("squared")], [At("half")])
            .Node("Concat", [At("x"), At("y"), At("half")], [At("place")], OnnxAttribute.Int("axis", 1))
            .Node("Mul", [At("x"), At("x")], [At("x_squared")])
            .Node("Mul", [At("y"), At("y")], [At("y_squared")])
            .Node("Sub", ["least", At("area")], [At("missing")])
            .Node("Relu", [At("missing")], [At("too_little")])
            .Node("Sub", [At("area"), "most"], [At("beyond")])
            .Node("Relu", [At("beyond")], [At("too_much")])
            .Node("Sub", ["least_core", At("core")], [At("core_missing")])
            .Node("Relu", [At("core_missing")], [At("hollow")])
            .Node("Concat", [At("x_squared"), At("y_squared"), At("around"), At("too_little"), At("too_much"), At("hollow")],
                [At("faults")], OnnxAttribute.Int("axis", 1))
            .Node("Conv", [At("faults"), "score_weights", "one"], [At("raw")])
            .Node("Relu", [At("raw")], [At("positive")])
            .Node("Conv", [At("positive"), "anchor_weights"], [At("score")])
            .Node("Conv", [At("place"), "bbox_weights", "bbox_biases"], [At("bbox")]);
        if (Landmarks)
        {
            graph.Node("Conv", [At("place"), "kps_weights", "kps_biases"], [At("kps")]);
        }

        foreach (var (what, _) in Widths())
        {
            var plane = At(what);
            if (Costly)
            {
                plane = At($"{what}_disturbed");
                graph.Node("Add", [At(what), SyntheticBackbone.Share(what, stride)], [plane]);
            }

            graph
                .Node("Transpose", [plane], [At($"{what}_last")], OnnxAttribute.Ints("perm", 0, 2, 3, 1))
                .Node("Reshape", [At($"{what}_last"), $"{what}_shape"], [At($"{what}_rows")])
                .Node("Cast", [At($"{what}_rows")], [$"{what}_{stride}"], OnnxAttribute.Int("to", (long)type));
        }
    }
}
