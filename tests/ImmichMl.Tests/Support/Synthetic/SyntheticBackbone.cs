namespace ImmichMl.Tests.Support.Synthetic;

/// <summary>
/// Convolutions of SCRFD-2.5G's cost, with seeded random weights: stem, four stages of residual blocks, a neck with top-down and
/// bottom-up paths, and heads. 3.4 G multiply-adds for 640 × 640 pixels, which are the 2.5 G that the name tells for 640 × 480.
/// </summary>
internal sealed class SyntheticBackbone(OnnxGraph graph, int anchors)
{
    // What a face's numbers are moved by at most: scores by this, boxes by this share of a stride.
    private const float Most = 1e-4f;
    private const int Neck = 24;
    private const int Head = 64;

    private static readonly (int Channels, int Blocks)[] _stages = [(24, 3), (48, 5), (48, 3), (80, 2)];
    private readonly Lcg _numbers = new(20261127);
    private int _convolutions;

    /// <summary>Where the backbone's share of an output lies: as many planes as that output has.</summary>
    public static string Share(string what, int stride) => $"backbone_{what}_{stride}";

    /// <param name="pixels">[1, 3, height, width], multiples of 32.</param>
    public void Add(string pixels)
    {
        graph.Initializer("most_share", OnnxTensor.Floats([], [Most])).Initializer("least_share", OnnxTensor.Floats([], [-Most]));
        var map = Convolve(Convolve(Convolve(pixels, 3, 12, stride: 2), 12, 12), 12, _stages[0].Channels);
        graph.Node("MaxPool", [map], ["pooled"], OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));
        map = "pooled";
        var channels = _stages[0].Channels;
        var levels = new List<string>();
        foreach (var (stage, (width, blocks)) in _stages.Index())
        {
            for (var block = 0; block < blocks; block++)
            {
                map = Residual(map, channels, width, stride: stage > 0 && block == 0 ? 2 : 1);
                channels = width;
            }

            if (stage > 0)
            {
                levels.Add(Convolve(map, channels, Neck, kernel: 1));
            }
        }

        AddHeads(Mix(levels));
    }

    /// <summary>Coarse levels into fine ones, then fine ones into coarse.</summary>
    private List<string> Mix(List<string> levels)
    {
        graph.Initializer("twice", OnnxTensor.Floats([4], [1, 1, 2, 2]));
        for (var i = levels.Count - 2; i >= 0; i--)
        {
            graph.Node("Resize", [levels[i + 1], "", "twice"], [$"larger_{i}"], OnnxAttribute.String("mode", "nearest"))
                .Node("Add", [levels[i], $"larger_{i}"], [$"down_{i}"]);
            levels[i] = $"down_{i}";
        }

        var mixed = levels.ConvertAll(level => Convolve(level, Neck, Neck));
        for (var i = 1; i < mixed.Count; i++)
        {
            graph.Node("Add", [mixed[i], Convolve(mixed[i - 1], Neck, Neck, stride: 2)], [$"up_{i}"]);
            mixed[i] = Convolve($"up_{i}", Neck, Neck);
        }

        return mixed;
    }

    private void AddHeads(List<string> levels)
    {
        foreach (var (level, stride) in levels.Zip(SyntheticScrfd.Strides))
        {
            var map = Convolve(Convolve(level, Neck, Head), Head, Head);
            foreach (var (what, width) in new[] { ("score", 1), ("bbox", 4), ("kps", 10) })
            {
                graph.Node("Clip", [Convolve(map, Head, width * anchors, activate: false), "least_share", "most_share"],
                    [Share(what, stride)]);
            }
        }
    }

    private string Residual(string input, int from, int to, int stride)
    {
        var sum = $"sum_{_convolutions}";
        var around = from == to && stride == 1 ? input : Convolve(input, from, to, kernel: 1, stride: stride, activate: false);
        graph.Node("Add", [around, Convolve(Convolve(input, from, to, stride: stride), to, to, activate: false)], [$"{sum}_linear"])
            .Node("Relu", [$"{sum}_linear"], [sum]);
        return sum;
    }

    private string Convolve(string input, int from, int to, int kernel = 3, int stride = 1, bool activate = true)
    {
        var name = $"conv_{_convolutions++}";

        // Sums of so many products keep about the size of their inputs.
        var scale = 1 / MathF.Sqrt(from * kernel * kernel);
        float[] weights = [.. Enumerable.Range(0, to * from * kernel * kernel).Select(_ => scale * ((_numbers.Next(2001) / 1000f) - 1))];
        graph.Initializer($"{name}_w", OnnxTensor.Floats([to, from, kernel, kernel], weights))
            .Initializer($"{name}_b", OnnxTensor.Floats([to], new float[to]))
            .Node(
                "Conv", [input, $"{name}_w", $"{name}_b"], [$"{name}_linear"], OnnxAttribute.Ints("kernel_shape", kernel, kernel),
                OnnxAttribute.Ints("strides", stride, stride), OnnxAttribute.Ints("pads", kernel / 2, kernel / 2, kernel / 2, kernel / 2));
        if (!activate)
        {
            return $"{name}_linear";
        }

        graph.Node("Relu", [$"{name}_linear"], [name]);
        return name;
    }
}
