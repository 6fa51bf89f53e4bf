namespace ImmichMl.Tests.Support;

/// <summary>How a synthetic detector is exported.</summary>
/// <param name="Landmarks">Nine outputs, or six.</param>
/// <param name="BatchAxis">A leading axis of 1 on every output.</param>
/// <param name="Side">The input's fixed side; 0 leaves height and width free.</param>
/// <param name="Scrambled">Outputs in another order than InsightFace's.</param>
/// <param name="Spoilt">The kind of output of stride 32 that holds <paramref name="With"/> alone: score, box or landmarks; "all scores" is
/// that of every stride.</param>
/// <param name="With">What it holds.</param>
internal sealed record DetectorExport(
    bool Landmarks = true, bool BatchAxis = false, int Side = 0, bool Scrambled = false, string Spoilt = "", float With = 0)
{
    public override string ToString() =>
        $"{(Landmarks ? 9 : 6)} outputs, {(BatchAxis ? "batch axis" : "no batch axis")}, "
            + $"{(Side > 0 ? $"{Side} × {Side}" : "free size")}{(Scrambled ? ", scrambled" : "")}";
}

/// <summary>
/// Face models made by formula, shaped as SCRFD and ArcFace. The detector looks at the pixel under each cell's corner: red is a face
/// for stride 8, green for 16, blue for 32, and the score is how pure the colour is. Its box reaches <see cref="Reach"/> cells each way.
/// </summary>
internal static class FaceModels
{
    public const int Reach = 3;

    /// <summary>Numbers in an embedding: the mean colours of 4 × 4 fields of the aligned face.</summary>
    public const int EmbeddingLength = 48;

    // Where the landmarks lie from the cell's corner, in cells: ArcFace's template about its middle, so that aligning only scales.
    private static readonly float[] _offsets =
        [.. new[] { 38.2946f, 51.6963f, 73.5318f, 51.5014f, 56.0252f, 71.7366f, 41.5493f, 92.3655f, 70.7299f, 92.2041f }
            .Select(v => (v - 56) / 56 * Reach)];

    public static byte[] Detector(DetectorExport export)
    {
        var side = export.Side > 0 ? export.Side : (OnnxDim)"side";
        var graph = new OnnxGraph("faces").Input("input.1", OnnxType.Float, 1, 3, side, export.Side > 0 ? export.Side : (OnnxDim)"wide");
        (string What, int Length)[] kinds = export.Landmarks ? [("score", 1), ("box", 4), ("landmarks", 10)] : [("score", 1), ("box", 4)];
        var outputs = kinds.SelectMany(kind => new[] { 8, 16, 32 }.Select(stride => (kind.What, kind.Length, Stride: stride))).ToList();
        if (export.Scrambled)
        {
            outputs = [.. outputs.OrderBy(output => output.Stride * 7 % 5).ThenByDescending(output => output.What)];
        }

        foreach (var (what, length, stride) in outputs)
        {
            var (weights, biases) = Head(what, stride);
            if ((what == export.Spoilt && stride == 32) || (what == "score" && export.Spoilt == "all scores"))
            {
                weights.AsSpan().Clear();
                biases.AsSpan().Fill(export.With);
            }

            var name = $"{what}_{stride}";
            OnnxDim[] dims = export.BatchAxis ? [1, $"n_{name}", length] : [$"n_{name}", length];
            long[] shape = export.BatchAxis ? [1, -1, length] : [-1, length];
            graph.Output(name, OnnxType.Float, dims)
                .Initializer($"{name}_w", OnnxTensor.Floats([2 * length, 3, 1, 1], weights))
                .Initializer($"{name}_b", OnnxTensor.Floats([2 * length], biases))
                .Initializer($"{name}_shape", OnnxTensor.Int64s([shape.Length], shape))
                .Node("Conv", ["input.1", $"{name}_w", $"{name}_b"], [$"{name}_c"], OnnxAttribute.Ints("strides", stride, stride))
                .Node("Transpose", [$"{name}_c"], [$"{name}_t"], OnnxAttribute.Ints("perm", 0, 2, 3, 1))
                .Node("Reshape", [$"{name}_t", $"{name}_shape"], [name]);
        }

        return graph.ToModel();
    }

    /// <summary>Two anchors a cell; the second has nine tenths of the score and the same box.</summary>
    private static (float[] Weights, float[] Biases) Head(string what, int stride)
    {
        var values = what == "box" ? [Reach, Reach, Reach, Reach] : what == "landmarks" ? _offsets : [0f];
        var weights = new float[2 * values.Length * 3];
        float[] biases = [.. values, .. values];
        if (what == "score")
        {
            var own = stride == 8 ? 0 : stride == 16 ? 1 : 2;
            for (var anchor = 0; anchor < 2; anchor++)
            {
                // The input is (v − 127.5) / 128: score = (own − both others) / 255.
                var share = anchor == 0 ? 1 : 0.9f;
                for (var channel = 0; channel < 3; channel++)
                {
                    weights[(anchor * 3) + channel] = (channel == own ? 1 : -1) * share * 128 / 255f;
                    biases[anchor] += (channel == own ? 1 : -1) * share * 0.5f;
                }
            }
        }

        return (weights, biases);
    }

    /// <param name="batch">The first axis: a number, or a name where it is free.</param>
    /// <param name="type">Of input and output.</param>
    /// <param name="normalizing">Names of the subtracting and the multiplying node where the graph normalizes; null where it does
    /// not.</param>
    /// <param name="end">What the graph does to its rows.</param>
    public static byte[] Recognizer(
        OnnxDim batch, OnnxType type = OnnxType.Float, (string Subtract, string Multiply)? normalizing = null, RowEnd end = RowEnd.Whole)
    {
        var graph = new OnnxGraph("embedding").Input("input.1", type, batch, 3, 112, 112)
            .Output("embedding", type, "rows", "length")
            .Initializer("mean", OnnxTensor.Floats([], [127.5f]))
            .Initializer("scale", OnnxTensor.Floats([], [1 / 127.5f]));
        var pixels = "input.1";
        if (type != OnnxType.Float)
        {
            graph.NamedNode("widen", "Cast", [pixels], ["wide"], OnnxAttribute.Int("to", (long)OnnxType.Float));
            pixels = "wide";
        }

        if (normalizing is var (subtract, multiply))
        {
            graph.NamedNode(subtract, "Sub", [pixels, "mean"], ["centred"]).NamedNode(multiply, "Mul", ["centred", "scale"], ["normal"]);
            pixels = "normal";
        }

        graph.NamedNode("pool", "AveragePool", [pixels], ["cells"], OnnxAttribute.Ints("kernel_shape", 28, 28),
            OnnxAttribute.Ints("strides", 28, 28));
        graph.NamedNode("flatten", "Flatten", ["cells"], ["rows"], OnnxAttribute.Int("axis", 1));
        var rows = Finish(graph, end);
        return type == OnnxType.Float
            ? graph.NamedNode("last", "Identity", [rows], ["embedding"]).ToModel()
            : graph.NamedNode("last", "Cast", [rows], ["embedding"], OnnxAttribute.Int("to", (long)type)).ToModel();
    }

    private static string Finish(OnnxGraph graph, RowEnd end)
    {
        switch (end)
        {
            case RowEnd.OneRow:
                graph.Initializer("shape", OnnxTensor.Int64s([2], [1, -1])).NamedNode("reshape", "Reshape", ["rows", "shape"], ["one"]);
                return "one";
            case RowEnd.FixedShape:
                graph.Initializer("shape", OnnxTensor.Int64s([2], [1, EmbeddingLength]))
                    .NamedNode("reshape", "Reshape", ["rows", "shape"], ["one"]);
                return "one";
            case RowEnd.FirstOnly:
                graph.Initializer("first", OnnxTensor.Int64s([1], [0])).NamedNode("gather", "Gather", ["rows", "first"], ["one"]);
                return "one";
            default:
                return "rows";
        }
    }
}

/// <summary>What a recognizer's graph does to a batch.</summary>
internal enum RowEnd
{
    Whole,

    /// <summary>All rows end to end in one.</summary>
    OneRow,

    /// <summary>Fails for any batch but one.</summary>
    FixedShape,

    /// <summary>Answers with the first row alone.</summary>
    FirstOnly,
}
