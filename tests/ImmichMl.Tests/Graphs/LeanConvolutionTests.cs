using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Graphs;

/// <summary>Graphs as PaddlePaddle's exporter writes them say the same after they were made faster.</summary>
public sealed class LeanConvolutionTests
{
    const int Side = 24;

    /// <param name="Channels">Of the middle; a block of the layout holds 16.</param>
    /// <param name="Kernel">Of the convolution after the swish: one of 1 sees no border.</param>
    /// <param name="Range">6 is hard swish, anything else is not.</param>
    /// <param name="ShowsMiddle">What the swish gives is an output too.</param>
    /// <param name="AsInitializers">Constants are initializers and not nodes.</param>
    public sealed record Shape(int Channels = 16, int Kernel = 1, float Range = 6, bool ShowsMiddle = false, bool AsInitializers = false);

    public static IEnumerable<Shape> Shapes() =>
    [
        new(), new(Kernel: 3), new(Channels: 12), new(Channels: 12, Kernel: 3), new(Range: 5), new(ShowsMiddle: true),
            new(AsInitializers: true), new(Channels: 48, Kernel: 5),
    ];

    [Test]
    [MethodDataSource(nameof(Shapes))]
    public async Task A_changed_graph_says_what_it_said(Shape shape)
    {
        byte[] plain = Model(shape);
        byte[] lean = LeanConvolutions.Rewrite(plain, "")!;
        float[] before = Run(plain), after = Run(lean);
        await Assert.That(before.Max() - before.Min()).IsGreaterThan(1).Because("a graph that says nothing could be changed at will");
        await Assert.That(before.Zip(after, (one, other) => Math.Abs(one - other)).Max()).IsLessThan(1e-4f);
        bool isSwish = shape.Range == 6;
        await Assert.That(Operators(lean).Contains("Div")).IsEqualTo(!isSwish);
        await Assert.That(Operators(lean).Count(op => op is "Mul" or "Add")).IsEqualTo(!isSwish ? 4 : shape.ShowsMiddle ? 3 : 1);
    }

    [Test]
    public async Task What_holds_nothing_to_change_is_left_alone()
    {
        byte[] model = new OnnxGraph("plain").Input("x", OnnxType.Float, 1, 3, Side, Side).Output("y", OnnxType.Float)
            .Node("Relu", ["x"], ["y"]).ToModel();
        await Assert.That(LeanConvolutions.Rewrite(model, "")).IsNull();
        await Assert.That(LeanConvolutions.Rewrite(Array.Empty<byte>(), "")).IsNull();
    }

    [Test]
    public async Task A_file_that_is_cut_is_told_from_a_model()
    {
        byte[] model = Model(new Shape());
        await Assert.That(() => LeanConvolutions.Rewrite(model.AsSpan(0, model.Length - 7), "")).Throws<InvalidDataException>();
    }

    static byte[] Model(Shape shape)
    {
        var numbers = new Lcg(7);
        float[] Some(int count) => [.. Enumerable.Range(0, count).Select(_ => (numbers.Next(2001) / 1000f) - 1)];
        var (channels, pad) = (shape.Channels, shape.Kernel / 2);
        var graph = new OnnxGraph("lean").Input("x", OnnxType.Float, 1, 3, Side, Side).Output("y", OnnxType.Float);
        if (shape.ShowsMiddle)
        {
            graph.Output("swished", OnnxType.Float);
        }

        void Constant(string name, OnnxTensor tensor)
        {
            if (shape.AsInitializers)
            {
                graph.Initializer(name, tensor);
            }
            else
            {
                graph.Node("Constant", [], [name], OnnxAttribute.Tensor("value", tensor));
            }
        }

        Constant("w1", OnnxTensor.Floats([channels, 3, 3, 3], Some(channels * 27)));
        Constant("w2", OnnxTensor.Floats([5, channels, shape.Kernel, shape.Kernel], Some(5 * channels * shape.Kernel * shape.Kernel)));
        Constant("b2", OnnxTensor.Floats([5], Some(5)));
        foreach ((string name, float value) in new[] { ("s1", 1.7f), ("t1", -0.4f), ("s2", 0.6f), ("t2", 0.9f), ("three", 3), ("six", 6),
            ("none", 0), ("range", shape.Range) })
        {
            Constant(name, OnnxTensor.Floats(name[0] is 's' && name.Length == 2 ? [1] : [], [value]));
        }

        return graph
            .Node("Conv", ["x", "w1"], ["convolved"], OnnxAttribute.Ints("pads", 1, 1, 1, 1))
            .Node("Mul", ["s1", "convolved"], ["scaled"]).Node("Add", ["scaled", "t1"], ["moved"])
            .Node("Add", ["moved", "three"], ["shifted"]).Node("Clip", ["shifted", "none", "range"], ["clipped"])
            .Node("Mul", ["moved", "clipped"], ["product"]).Node("Div", ["product", "six"], ["swished"])
            .Node("Mul", ["s2", "swished"], ["scaled_too"]).Node("Add", ["scaled_too", "t2"], ["moved_too"])
            .Node("Conv", ["moved_too", "w2", "b2"], ["y"], OnnxAttribute.Ints("pads", pad, pad, pad, pad))
            .ToModel();
    }

    static List<string> Operators(byte[] model) => GraphModel.Read(model, "").Nodes.ConvertAll(node => node.Operator);

    static float[] Run(byte[] model)
    {
        var numbers = new Lcg(3);
        float[] picture = [.. Enumerable.Range(0, 3 * Side * Side).Select(_ => (numbers.Next(4001) / 1000f) - 2)];
        _ = RuntimeLibrary.Environment;
        using var session = new InferenceSession(model);
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(picture, [1, 3, Side, Side]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["x"], [input], session.OutputNames);
        return [.. outputs.SelectMany(output => output.GetTensorDataAsSpan<float>().ToArray())];
    }
}
