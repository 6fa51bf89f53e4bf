
namespace ImmichMl.Tests.Support.Synthetic;

/// <summary>
/// A text detector and a text recognizer in PaddleOCR's shape, made by formula for texts in DemoFont, dark on light, four pixels a dot:
/// what is darker than its surroundings, closed to a block; and each letter compared with the picture at each place.
/// </summary>
internal static class SyntheticOcr
{
    private const int Surroundings = 31;

    // Pixels of 48: what four pixels a dot come to in lines of three letters and of thirty.
    private static readonly float[] _scales = [4.1f, 4.35f, 4.6f, 4.85f];

    // How much of a letter must agree, and how sharply.
    private const float Agreement = 0.8f;
    private const float Sharpness = 60;

    public static IReadOnlyList<string> Characters { get; } = [.. DemoFont.Letters.Select(letter => letter.ToString())];

    public static byte[] Detector()
    {
        var graph = new OnnxGraph("synthetic_text_detector").Metadata("source", "SyntheticOcr.cs")
            .Input("x", OnnxType.Float, "n", 3, "height", "width")
            .Output("map", OnnxType.Float, "n", 1, "height", "width")
            .Initializer("grey_weights", OnnxTensor.Floats([1, 3, 1, 1], [1 / 3f, 1 / 3f, 1 / 3f]))
            .Initializer("contrast", OnnxTensor.Floats([], [2]))
            .Initializer("zero", OnnxTensor.Floats([], [0]))
            .Initializer("one", OnnxTensor.Floats([], [1]))
            .Node("Conv", ["x", "grey_weights"], ["grey"]);
        Pool(graph, "AveragePool", "grey", Surroundings, Surroundings, "mean");
        graph.Node("Sub", ["mean", "grey"], ["darker"])
            .Node("Mul", ["darker", "contrast"], ["sharp"])
            .Node("Clip", ["sharp", "zero", "one"], ["ink"]);

        // Fills what is up to 40 pixels wide and 24 high, as beside an L. Five rows more are taken away above and below, which the growing
        // of boxes gives back; twelve columns are left over on either side, since a T reaches out where few rows have ink.
        Pool(graph, "MaxPool", "ink", 25, 41, "spread");
        graph.Node("Neg", ["spread"], ["paper"]);
        Pool(graph, "MaxPool", "paper", 35, 17, "paper_spread");
        return graph.Node("Neg", ["paper_spread"], ["map"]).ToModel();
    }

    public static byte[] Recognizer() => Recognizer(string.Join('\n', Characters));

    /// <summary>With this metadata; null for none.</summary>
    public static byte[] Recognizer(string? characters, OnnxDim? batch = null)
    {
        var count = DemoFont.Letters.Length;
        var graph = new OnnxGraph("synthetic_text_recognizer").Metadata("source", "SyntheticOcr.cs")
            .Input("x", OnnxType.Float, batch ?? "n", 3, 48, "width").Output("steps", OnnxType.Float, "n", "steps", count + 2)
            .Initializer("ink_weights", OnnxTensor.Floats([1, 3, 1, 1], [-1, -1, -1]))
            .Initializer("darkest", OnnxTensor.Floats([], [1]))
            .Initializer("lightest", OnnxTensor.Floats([], [-1]))
            .Initializer("letters", OnnxTensor.Floats([count, 1, DemoFont.Height, DemoFont.Width + 2], Letters()))
            .Initializer("sharpness", OnnxTensor.Floats([], [Sharpness]))
            .Initializer("blank_weights", OnnxTensor.Floats([1, count, 1, 1], new float[count]))
            .Initializer("blank_bias", OnnxTensor.Floats([1], [Agreement]))
            .Initializer("space_bias", OnnxTensor.Floats([1], [0]))
            .Node("Conv", ["x", "ink_weights"], ["raw_ink"])
            .Node("Clip", ["raw_ink", "lightest", "darkest"], ["ink"]);
        if (characters is not null)
        {
            graph.Metadata("character", characters);
        }

        var best = new List<string>();
        for (var i = 0; i < _scales.Length; i++)
        {
            // A letter with its margins: nine rows cut to seven, seven columns.
            var (high, wide) = ((int)(_scales[i] * DemoFont.Height), (int)(_scales[i] * (DemoFont.Width + 2)));
            graph.Initializer($"size_{i}", OnnxTensor.Int64s([4], [count, 1, high, wide]))
                .Initializer($"share_{i}", OnnxTensor.Floats([], [1f / (high * wide)]))
                .Node("Resize", ["letters", "", "", $"size_{i}"], [$"letters_{i}"], OnnxAttribute.String("mode", "nearest"))
                .Node("Mul", [$"letters_{i}", $"share_{i}"], [$"template_{i}"])
                .Node("Conv", ["ink", $"template_{i}"], [$"agreement_{i}"], OnnxAttribute.Ints("pads", 0, (wide - 1) / 2, 0, wide / 2))
                .Node("ReduceMax", [$"agreement_{i}"], [$"best_{i}"], OnnxAttribute.Ints("axes", 2), OnnxAttribute.Int("keepdims", 1));
            best.Add($"best_{i}");
        }

        return graph.Node("Max", [.. best], ["agreement"])
            .Node("MaxPool", ["agreement"], ["letter_scores"], OnnxAttribute.Ints("kernel_shape", 1, 8),
                OnnxAttribute.Ints("strides", 1, 8))
            .Node("Conv", ["letter_scores", "blank_weights", "blank_bias"], ["blank"])
            .Node("Conv", ["letter_scores", "blank_weights", "space_bias"], ["space"])
            .Node("Concat", ["blank", "letter_scores", "space"], ["classes"], OnnxAttribute.Int("axis", 1))
            .Node("Mul", ["classes", "sharpness"], ["logits"])
            .Node("Softmax", ["logits"], ["likely"], OnnxAttribute.Int("axis", 1))
            .Initializer("flat_axis", OnnxTensor.Int64s([1], [2]))
            .Node("Squeeze", ["likely", "flat_axis"], ["columns"])
            .Node("Transpose", ["columns"], ["steps"], OnnxAttribute.Ints("perm", 0, 2, 1))
            .ToModel();
    }

    /// <summary>Ink 1, paper −1; a column of paper on either side.</summary>
    private static float[] Letters() =>
        [.. from letter in DemoFont.Letters from y in Enumerable.Range(0, DemoFont.Height) from x in Enumerable
            .Range(-1, DemoFont.Width + 2) select DemoFont.IsInk(letter, x, y) ? 1f : -1f];

    /// <summary>In two passes: a window of one after the other side takes far less time.</summary>
    private static void Pool(OnnxGraph graph, string op, string from, int height, int width, string to) => graph
        .Node(op, [from], [$"{to}_rows"], OnnxAttribute.Ints("kernel_shape", 1, width),
            OnnxAttribute.Ints("pads", 0, width / 2, 0, width / 2))
        .Node(op, [$"{to}_rows"], [to], OnnxAttribute.Ints("kernel_shape", height, 1),
            OnnxAttribute.Ints("pads", height / 2, 0, height / 2, 0));
}
