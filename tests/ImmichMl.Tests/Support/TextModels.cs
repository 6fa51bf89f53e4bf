namespace ImmichMl.Tests.Support;

/// <summary>
/// Text models made by formula, shaped as PaddleOCR's. The detector's map is how yellow a pixel is; the recognizer reads colours in the
/// middle of a line, eight pixels a step: red is A, green is B, olive is C, and yellow keeps them apart.
/// </summary>
internal static class TextModels
{
    public const string Characters = "A\nB\nC";

    private const float Sharpness = 6;

    // Yellow first, then the letters, then the grey of what is padded with zeros. Red, green, blue from -1 to 1.
    private static readonly float[][] _colours = [[1, 1, -1], [1, -1, -1], [-1, 1, -1], [-0.2f, -0.2f, -1], [0, 0, 0]];

    /// <summary>Free in height and width. Blue comes first, and half of red and green less blue is the map.</summary>
    public static byte[] Detector() => new OnnxGraph("text places")
        .Input("x", OnnxType.Float, 1, 3, "height", "width")
        .Output("map", OnnxType.Float, 1, 1, "height", "width")
        .Initializer("w", OnnxTensor.Floats([1, 3, 1, 1], [-1, 0.5f, 0.5f]))
        .Initializer("least", OnnxTensor.Floats([], [0]))
        .Initializer("most", OnnxTensor.Floats([], [1]))
        .Node("Conv", ["x", "w"], ["yellow"])
        .Node("Clip", ["yellow", "least", "most"], ["map"])
        .ToModel();

    /// <param name="characters">The metadata's list; null leaves it out.</param>
    /// <param name="batch">The first axis: a number, or a name where it is free.</param>
    public static byte[] Recognizer(string? characters, OnnxDim batch)
    {
        var (weights, biases) = Nearness();
        var graph = new OnnxGraph("texts")
            .Input("x", OnnxType.Float, batch, 3, 48, "width")
            .Output("classes", OnnxType.Float, "n", "steps", _colours.Length)
            .Initializer("from", OnnxTensor.Int64s([1], [20]))
            .Initializer("to", OnnxTensor.Int64s([1], [28]))
            .Initializer("rows", OnnxTensor.Int64s([1], [2]))
            .Initializer("w", OnnxTensor.Floats([_colours.Length, 3, 1, 1], weights))
            .Initializer("b", OnnxTensor.Floats([_colours.Length], biases))
            .Initializer("split", OnnxTensor.Int64s([3], [1, _colours.Length - 2, 1]))
            .Node("Slice", ["x", "from", "to", "rows"], ["middle"])
            .Node("AveragePool", ["middle"], ["steps"], OnnxAttribute.Ints("kernel_shape", 8, 8), OnnxAttribute.Ints("strides", 8, 8))
            .Node("Conv", ["steps", "w", "b"], ["nearness"])
            .Node("Softmax", ["nearness"], ["shares"], OnnxAttribute.Int("axis", 1))
            .Node("Split", ["shares", "split"], ["yellow", "letters", "grey"], OnnxAttribute.Int("axis", 1))
            .Node("Add", ["yellow", "grey"], ["blank"])
            .Node("Sub", ["grey", "grey"], ["space"])
            .Node("Concat", ["blank", "letters", "space"], ["all"], OnnxAttribute.Int("axis", 1))
            .Node("Squeeze", ["all", "rows"], ["flat"])
            .Node("Transpose", ["flat"], ["classes"], OnnxAttribute.Ints("perm", 0, 2, 1));
        return (characters is null ? graph : graph.Metadata("character", characters)).ToModel();
    }

    /// <summary>Softmax of −s·|pixel − colour|² needs only 2s·pixel·colour − s·|colour|². Blue comes first.</summary>
    private static (float[] Weights, float[] Biases) Nearness()
    {
        var weights = new float[_colours.Length * 3];
        var biases = new float[_colours.Length];
        for (var i = 0; i < _colours.Length; i++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                var level = _colours[i][2 - channel];
                weights[(i * 3) + channel] = 2 * Sharpness * level;
                biases[i] -= Sharpness * level * level;
            }
        }

        return (weights, biases);
    }
}
