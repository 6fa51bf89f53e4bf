namespace ImmichMl.Graphs;

/// <summary>
/// Makes the graphs that PaddlePaddle's exporter writes faster without changing what they say: a scale and an offset beside a
/// convolution go into its weights, and hard swish is told as convolutions that ONNX Runtime keeps in its blocked layout, instead of
/// as four passes over memory and two changes of layout.
/// </summary>
public static class LeanConvolutions
{
    // Channels that a block of ONNX Runtime's layout holds with the widest vectors.
    const int Block = 16;
    const float SwishOffset = 3;
    const float SwishRange = 6;

    // Of one weight.
    const long MostBytes = 256 * 1024 * 1024;

    /// <summary>The changed model, with weights that lay beside it inside; null where nothing in it is to be changed.</summary>
    /// <param name="model">The bytes of its file.</param>
    /// <param name="folder">Where that lies.</param>
    /// <exception cref="InvalidDataException">These are no bytes of a model, or its weights are not where it says.</exception>
    /// <exception cref="IOException">Its weights cannot be read.</exception>
    public static byte[]? Rewrite(ReadOnlySpan<byte> model, string folder)
    {
        GraphModel graph = GraphModel.Read(model, folder);
        if (graph.Nodes.Any(node => node.HasGraph))
        {
            return null;
        }

        foreach (GraphTensor constant in graph.Constants.Values.Where(constant => constant.IsExternal).ToArray())
        {
            graph.Constants[constant.Name] = constant.Inlined(folder, MostBytes);
        }

        int changes = 0;
        foreach (GraphNode convolution in graph.Nodes.Where(node => IsPlain(graph, node)).ToArray())
        {
            changes += TakeIn(graph, convolution);
            if (Swish.Find(graph, convolution.Outputs[0]) is { } swish)
            {
                swish.Replace(graph, Channels(graph, convolution));
                PushOn(graph, swish.Output, Channels(graph, convolution));
                changes++;
            }
        }

        return changes > 0 ? graph.ToBytes() : null;
    }

    static bool IsPlain(GraphModel graph, GraphNode node) =>
        node.Is("Conv") && node is { Inputs.Count: 2 or 3, Outputs: [_] }
            && graph.Constants.TryGetValue(node.Inputs[1], out GraphTensor? weights)
        && weights is { IsFloat: true, IsExternal: false, Dimensions: [var channels, > 0, > 0, > 0] }
        && (node.Inputs.Count == 2 || graph.FloatsOf(node.Inputs[2])?.Length == channels);

    static int[] Shape(GraphModel graph, GraphNode convolution) => graph.Constants[convolution.Inputs[1]].Dimensions;

    static int Channels(GraphModel graph, GraphNode convolution) => Shape(graph, convolution)[0];

    /// <summary>Scales and offsets that follow a convolution go into it.</summary>
    static int TakeIn(GraphModel graph, GraphNode convolution)
    {
        int taken = 0;
        while (graph.OnlyTakerOf(convolution.Outputs[0]) is { } next && Affine.Of(graph, next, convolution.Outputs[0]) is { } affine)
        {
            Weigh(graph, convolution, affine.Scale, affine.Scale, _ => affine.Offset);
            Drop(graph, next, convolution);
            taken++;
        }

        return taken;
    }

    static void Drop(GraphModel graph, GraphNode node, GraphNode before)
    {
        before.Outputs[0] = node.Outputs[0];
        graph.Nodes.Remove(node);
    }

    /// <summary>
    /// Weights times <paramref name="scale"/>, biases times <paramref name="biasScale"/> and more by <paramref name="more"/> of a channel's
    /// weights.
    /// </summary>
    static void Weigh(GraphModel graph, GraphNode convolution, float scale, float biasScale, Func<float[], float> more)
    {
        float[] weights = graph.FloatsOf(convolution.Inputs[1])!;
        int[] shape = Shape(graph, convolution);
        float[][] rows = [.. weights.Chunk(weights.Length / shape[0])];
        float[] before = convolution.Inputs.Count > 2 ? graph.FloatsOf(convolution.Inputs[2])! : new float[shape[0]];
        string bias = Add(graph, [shape[0]], [.. before.Select((value, i) => (value * biasScale) + more(rows[i]))]);
        convolution.Inputs[1] = Add(graph, shape, Array.ConvertAll(weights, value => value * scale));
        convolution.Inputs.RemoveRange(2, convolution.Inputs.Count - 2);
        convolution.Inputs.Add(bias);
    }

    static string Add(GraphModel graph, int[] shape, float[] values) =>
        graph.Add(GraphTensor.Floats(graph.NewName("weights"), shape, values));

    /// <summary>The number, where the constant is a single one.</summary>
    static float? Single(GraphModel graph, string name) => graph.FloatsOf(name) is [var value] ? value : null;

    /// <summary>
    /// Scale and offset after a swish go into the next convolution where that sees no border; else they become one of their own.
    /// </summary>
    static void PushOn(GraphModel graph, string value, int channels)
    {
        var (scale, offset) = (1f, 0f);
        GraphNode? last = null;
        string end = value;
        while (graph.OnlyTakerOf(end) is { } next && Affine.Of(graph, next, end) is { } affine)
        {
            (scale, offset) = (scale * affine.Scale, (offset * affine.Scale) + affine.Offset);
            end = next.Outputs[0];
            if (last is not null)
            {
                graph.Nodes.Remove(last);
            }

            last = next;
        }

        if (last is null)
        {
            return;
        }

        List<GraphNode> takers = graph.TakersOf(end);
        if (!graph.Outputs.Contains(end)
            && takers.All(taker => IsPlain(graph, taker) && taker.Inputs[0] == end && SeesNoBorder(graph, taker)))
        {
            foreach (GraphNode taker in takers)
            {
                Weigh(graph, taker, scale, 1, weights => offset * weights.Sum());
                taker.Inputs[0] = value;
            }

            graph.Nodes.Remove(last);
        }
        else
        {
            Exchange(graph, last, PerChannel(graph, value, end, channels, scale, offset));
        }
    }

    static bool SeesNoBorder(GraphModel graph, GraphNode convolution) =>
        Shape(graph, convolution) is [_, _, 1, 1] && convolution.Ints("pads")?.All(pad => pad == 0) != false
            && !convolution.Has("auto_pad");

    /// <summary>v · scale + offset as a convolution of one weight a channel.</summary>
    static GraphNode PerChannel(GraphModel graph, string from, string to, int channels, float scale, float offset)
    {
        string weights = Add(graph, [channels, 1, 1, 1], [.. Enumerable.Repeat(scale, channels)]);
        string biases = Add(graph, [channels], [.. Enumerable.Repeat(offset, channels)]);
        return new GraphNode { Operator = "Conv", Inputs = [from, weights, biases], Outputs = [to] }.With("group", (long)channels);
    }

    static void Exchange(GraphModel graph, GraphNode old, GraphNode node) => graph.Nodes[graph.Nodes.IndexOf(old)] = node;

    /// <summary>v · Scale + Offset.</summary>
    readonly record struct Affine(float Scale, float Offset)
    {
        public static Affine? Of(GraphModel graph, GraphNode node, string value)
        {
            if (node is not { Operator: "Mul" or "Add", Inputs: [var left, var right], Outputs: [_] }
                || Single(graph, left == value ? right : left) is not { } number)
            {
                return null;
            }

            return node.Operator == "Mul" ? new Affine(number, 0) : new Affine(1, number);
        }
    }

    /// <summary>v · clip(v + 3, 0, 6) / 6 as four nodes.</summary>
    sealed record Swish(string Input, string Output, GraphNode Add, GraphNode Clip, GraphNode Mul, GraphNode Div)
    {
        public static Swish? Find(GraphModel graph, string value)
        {
            if (graph.Outputs.Contains(value) || graph.TakersOf(value) is not [var one, var other])
            {
                return null;
            }

            (GraphNode add, GraphNode mul) = one.Operator == "Add" ? (one, other) : (other, one);
            return Affine.Of(graph, add, value) is (1, SwishOffset)
                && graph.OnlyTakerOf(add.Outputs[0]) is { Operator: "Clip" } clip && Limits(graph, clip) is (0, SwishRange)
                && mul is { Operator: "Mul", Inputs: [var left, var right] } && (left == value ? right : left) == clip.Outputs[0]
                && graph.OnlyTakerOf(clip.Outputs[0]) == mul
                && graph.OnlyTakerOf(mul.Outputs[0]) is { Operator: "Div", Inputs: [_, var divisor] } div
                && Single(graph, divisor) == SwishRange
                ? new Swish(value, div.Outputs[0], add, clip, mul, div)
                : null;
        }

        static (float?, float?) Limits(GraphModel graph, GraphNode clip) => clip.Inputs is [_, var least, var most]
            ? (Single(graph, least), Single(graph, most))
            : (clip.FloatAttribute("min"), clip.FloatAttribute("max"));

        /// <summary>clip(v / 6 + 1/2, 0, 1) · v.</summary>
        public void Replace(GraphModel graph, int channels)
        {
            string gate = Clip.Outputs[0];
            Exchange(graph, Add, channels % Block == 0
                ? PerChannel(graph, Input, Add.Outputs[0], channels, 1, 0)
                : new GraphNode { Operator = "Identity", Inputs = [Input], Outputs = [Add.Outputs[0]] });
            Exchange(graph, Clip, new GraphNode { Operator = "HardSigmoid", Inputs = [Add.Outputs[0]], Outputs = [gate] }
                .With("alpha", 1 / SwishRange).With("beta", 0.5f));
            Mul.Outputs[0] = Output;
            graph.Nodes.Remove(Div);
        }
    }
}
