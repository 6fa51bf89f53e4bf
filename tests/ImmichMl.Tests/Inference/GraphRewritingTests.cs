namespace ImmichMl.Tests.Inference;

/// <summary>
/// Graphs as exporters write them become cheaper and answer the same; what is not surely the same stays. The golden files are exports of
/// PyTorch's, in four ways of writing attention.
/// </summary>
public sealed class GraphRewritingTests
{
    const int Blocks = 2;

    [Test]
    [Arguments("modules")]
    [Arguments("heads")]
    [Arguments("joint")]
    [Arguments("scaled")]
    public async Task An_image_tower_leaves_out_the_last_blocks_other_tokens_and_fuses_the_attentions_before_it(string kind)
    {
        foreach (string name in (string[])[$"image_{kind}.onnx", $"image_{kind}_late.onnx"])
        {
            using var folder = new TempFolder();
            string source = Golden(name);
            GraphModel model = GraphModel.Read(await RewrittenAsync(source, folder));
            await Assert.That(Count(model, "Attention")).IsEqualTo(Blocks - 1);

            // One row each: query, projection, two of the inner layers, and the last one.
            Dictionary<string, int[]> shapes = GraphShapes.Of(WithoutMicrosoft(model));
            await Assert.That(model.Nodes.Count(node => node.Is("Gemm") && shapes.GetValueOrDefault(node.Output) is [1, _]))
                .IsGreaterThanOrEqualTo(3);
            await Assert.That(GraphRewriting.AnswerAlike(source, folder.File("rewritten.onnx"))).IsTrue();
        }
    }

    [Test]
    [Arguments("modules")]
    [Arguments("heads")]
    [Arguments("joint")]
    [Arguments("scaled")]
    public async Task A_text_tower_with_a_mask_fuses_every_attention(string kind)
    {
        using var folder = new TempFolder();
        string source = Golden($"text_{kind}.onnx");
        GraphModel model = GraphModel.Read(await RewrittenAsync(source, folder));
        await Assert.That(Count(model, "Attention")).IsEqualTo(Blocks);
        await Assert.That(Count(model, "Softmax")).IsEqualTo(0);
        await Assert.That(GraphRewriting.AnswerAlike(source, folder.File("rewritten.onnx"))).IsTrue();
    }

    [Test]
    [Arguments("modules")]
    [Arguments("heads")]
    [Arguments("joint")]
    [Arguments("scaled")]
    public async Task A_text_tower_takes_texts_as_long_as_they_are(string kind)
    {
        using var folder = new TempFolder();
        string source = Golden($"text_{kind}.onnx");
        IReadOnlyList<string> made = GraphRewriting.Rewrite(source, folder.Path, pinsBatch: false);
        await Assert.That(made.Count).IsEqualTo(2);
        await Assert.That(GraphModel.Read(made[0]).InputShapes).IsEmpty();
        await Assert.That(GraphRewriting.AnswerAlike(source, made[0])).IsTrue();

        // Of another seed: whatever lengths are asked for, the numbers are compared.
        await Assert.That(GraphRewriting.AnswerAlike(Golden($"text_{(kind == "joint" ? "heads" : "joint")}.onnx"), made[0])).IsFalse();
    }

    /// <summary>Ids [1,8] to rows of 300 × 4, attention of each to the others, and of that the row of the highest id.</summary>
    [Test]
    [Arguments("back only", 1, true)]
    [Arguments("everywhere", 1, false)]
    [Arguments("back only, and the mean of all is the answer", 0, false)]
    [Arguments("back only, and the last place is the answer", 0, false)]
    public async Task A_text_is_cut_only_where_its_end_is_all_that_counts(string looks, int made, bool isAlike)
    {
        OnnxGraph graph = new OnnxGraph("text").Input("ids", OnnxType.Int64, 1, 8).Output("y", OnnxType.Float, 1, 4)
            .Initializer("words", OnnxTensor.Floats([300, 4], [.. Enumerable.Range(0, 1200).Select(i => ((i * 37 % 101) - 50) / 25f)]))
            .Initializer("mask", OnnxTensor.Floats(
                [8, 8], [.. Enumerable.Range(0, 64).Select(i => i % 8 > i / 8 && looks.StartsWith("back") ? -1e4f : 0)]))
            .Initializer("seven", OnnxTensor.Int64s([1], [7])).Initializer("middle", OnnxTensor.Int64s([1], [1]))
            .Node("Gather", ["words", "ids"], ["x"]).Node("Transpose", ["x"], ["xt"], OnnxAttribute.Ints("perm", 0, 2, 1))
            .Node("MatMul", ["x", "xt"], ["s"]).Node("Add", ["s", "mask"], ["m"])
            .Node("Softmax", ["m"], ["p"], OnnxAttribute.Int("axis", -1))
            .Node("MatMul", ["p", "x"], ["c"])
            .Node("ArgMax", ["ids"], ["highest"], OnnxAttribute.Int("axis", 1), OnnxAttribute.Int("keepdims", 0));
        graph = looks.EndsWith("mean of all is the answer", StringComparison.Ordinal)
            ? graph.Node("ReduceMean", ["c"], ["y"], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 0))
            : graph.Node("Gather", ["c", looks.EndsWith("last place is the answer", StringComparison.Ordinal) ? "seven" : "highest"],
                ["row"], OnnxAttribute.Int("axis", 1))
                .Node("Squeeze", ["row", "middle"], ["y"]);
        using var folder = new TempFolder();
        string source = folder.Write(graph.ToModel(), "model.onnx");
        string? free = GraphRewriting.Rewrite(source, folder.Path, pinsBatch: false)
            .FirstOrDefault(path => path.EndsWith("any_length.onnx", StringComparison.Ordinal));
        await Assert.That(free is null ? 0 : 1).IsEqualTo(made);
        if (free is not null)
        {
            await Assert.That(GraphRewriting.AnswerAlike(source, free)).IsEqualTo(isAlike);
        }
    }

    [Test]
    public async Task Two_models_that_differ_do_not_answer_alike()
    {
        await Assert.That(GraphRewriting.AnswerAlike(Golden("image_joint.onnx"), Golden("image_joint.onnx"))).IsTrue();
        await Assert.That(GraphRewriting.AnswerAlike(Golden("image_joint.onnx"), Golden("image_heads.onnx"))).IsFalse();
        await Assert.That(GraphRewriting.AnswerAlike(Golden("text_joint.onnx"), Golden("text_scaled.onnx"))).IsFalse();
    }

    /// <summary>x [1,4,8] times weights, a choice of token 2, and what else is asked for.</summary>
    static OnnxGraph Tokens(bool isBatchFree) => new OnnxGraph("tokens")
        .Input("x", OnnxType.Float, isBatchFree ? "batch" : 1, 4, 8)
        .Initializer("w", OnnxTensor.Floats([8, 8], [.. Enumerable.Range(0, 64).Select(i => ((i * 37 % 19) - 9) / 10f)]))
        .Initializer("place", OnnxTensor.Int64s([], [2]))
        .Node("MatMul", ["x", "w"], ["product"]);

    [Test]
    public async Task A_token_that_alone_is_read_is_calculated_alone()
    {
        using var folder = new TempFolder();
        string source = folder.Write(Tokens(isBatchFree: false).Output("y", OnnxType.Float, 1, 8)
            .Node("Gather", ["product", "place"], ["y"], OnnxAttribute.Int("axis", 1)).ToModel(), "model.onnx");
        GraphModel model = GraphModel.Read(await RewrittenAsync(source, folder));
        int[] shape = GraphShapes.Of(model)[model.Nodes.Single(node => node.Is("MatMul")).Output];
        await Assert.That(string.Join(' ', shape)).IsEqualTo("1 1 8");
        await Assert.That(GraphRewriting.AnswerAlike(source, folder.File("rewritten.onnx"))).IsTrue();
    }

    [Test]
    public async Task What_mixes_tokens_or_is_an_answer_itself_or_has_a_free_batch_stays()
    {
        OnnxGraph mixed = Tokens(isBatchFree: false).Output("y", OnnxType.Float, 1, 8)
            .Node("Softmax", ["product"], ["soft"], OnnxAttribute.Int("axis", 1))
            .Node("Gather", ["soft", "place"], ["y"], OnnxAttribute.Int("axis", 1));
        OnnxGraph answered = Tokens(isBatchFree: false).Output("y", OnnxType.Float, 1, 8).Output("product", OnnxType.Float, 1, 4, 8)
            .Node("Gather", ["product", "place"], ["y"], OnnxAttribute.Int("axis", 1));
        OnnxGraph free = Tokens(isBatchFree: true).Output("y", OnnxType.Float, "batch", 8)
            .Node("Gather", ["product", "place"], ["y"], OnnxAttribute.Int("axis", 1));
        foreach (OnnxGraph graph in (OnnxGraph[])[mixed, answered, free])
        {
            using var folder = new TempFolder();
            await Assert.That(GraphRewriting.Rewrite(folder.Write(graph.ToModel(), "model.onnx"), folder.Path, pinsBatch: false))
                .IsEmpty();
        }
    }

    /// <summary>Attention over x [1,4,8] in two heads of 4, but for what each argument spoils.</summary>
    [Test]
    [Arguments("nothing", 1)]
    [Arguments("softmax over queries", 0)]
    [Arguments("value from elsewhere", 0)]
    [Arguments("value scaled", 0)]
    [Arguments("key with heads in another order", 0)]
    [Arguments("mask from outside", 0)]
    [Arguments("mask scaled", 0)]
    public async Task Only_what_surely_is_attention_is_fused(string spoilt, int fused)
    {
        var graph = new OnnxGraph("attention").Input("x", OnnxType.Float, 1, 4, 8).Input("other", OnnxType.Float, 1, 4, 8)
            .Input("outside", OnnxType.Float, 4, 4)
            .Output("y", OnnxType.Float, 1, 4, 8).Output("unused", OnnxType.Float, 4, 4).Node("Neg", ["outside"], ["unused"])
            .Initializer("split", OnnxTensor.Int64s([4], [1, 4, 2, 4])).Initializer("join", OnnxTensor.Int64s([3], [1, 4, 8]))
            .Initializer("half", OnnxTensor.Floats([], [0.5f]))
            .Initializer("mask", OnnxTensor.Floats([4, 4], [.. Enumerable.Range(0, 16).Select(i => i / 8f)]));
        foreach ((string part, int seed) in ((string, int)[])[("q", 3), ("k", 5), ("v", 7)])
        {
            string from = part == "v" && spoilt == "value from elsewhere" ? "other" : "x";
            graph.Initializer(
                $"{part}w", OnnxTensor.Floats([8, 8], [.. Enumerable.Range(0, 64).Select(i => ((i * 37 * seed % 23) - 11) / 10f)]))
                .Node("MatMul", [from, $"{part}w"], [$"{part}1"]).Node("Reshape", [$"{part}1", "split"], [$"{part}2"])
                .Node("Transpose", [$"{part}2"], [$"{part}3"], OnnxAttribute.Ints("perm", 0, 2, 1, 3));
        }

        string key = "k3";
        if (spoilt == "key with heads in another order")
        {
            graph.Initializer("turned", OnnxTensor.Int64s([2], [1, 0]))
                .Node("Gather", ["k3", "turned"], ["k4"], OnnxAttribute.Int("axis", 1));
            key = "k4";
        }

        graph.Node("Transpose", [key], ["kt"], OnnxAttribute.Ints("perm", 0, 1, 3, 2)).Node("MatMul", ["q3", "kt"], ["s1"])
            .Node("Add", ["s1", spoilt == "mask from outside" ? "outside" : "mask"], ["s2"]);
        string scores = "s2";
        if (spoilt == "mask scaled")
        {
            graph.Node("Mul", ["s2", "half"], ["s3"]);
            scores = "s3";
        }

        graph.Node("Softmax", [scores], ["p"], OnnxAttribute.Int("axis", spoilt == "softmax over queries" ? 2 : -1));
        string value = "v3";
        if (spoilt == "value scaled")
        {
            graph.Node("Mul", ["v3", "half"], ["v4"]);
            value = "v4";
        }

        graph.Node("MatMul", ["p", value], ["c1"]).Node("Transpose", ["c1"], ["c2"], OnnxAttribute.Ints("perm", 0, 2, 1, 3))
            .Node("Reshape", ["c2", "join"], ["c3"]).Node("Neg", ["c3"], ["y"]);
        using var folder = new TempFolder();
        string source = folder.Write(graph.ToModel(), "model.onnx");
        string? rewritten = GraphRewriting.Rewrite(source, folder.Path, pinsBatch: false) is [.., var last] ? last : null;
        await Assert.That(rewritten is null ? 0 : Count(GraphModel.Read(rewritten), "Attention")).IsEqualTo(fused);
        if (rewritten is not null)
        {
            await Assert.That(GraphRewriting.AnswerAlike(source, rewritten)).IsTrue();
        }
    }

    static string Golden(string name) => Repository.Golden("graphs", name);

    static async Task<string> RewrittenAsync(string source, TempFolder folder)
    {
        string? rewritten = GraphRewriting.Rewrite(source, folder.Path, pinsBatch: false) is [.., var last] ? last : null;
        await Assert.That(rewritten).IsNotNull();
        return rewritten!;
    }

    static int Count(GraphModel model, string kind) => model.Nodes.Count(node => node.Operator == kind);

    /// <summary>So that shapes are known behind attention too: it answers in the shape of what it is given here.</summary>
    static GraphModel WithoutMicrosoft(GraphModel model)
    {
        for (int i = 0; i < model.Nodes.Count; i++)
        {
            GraphNode node = model.Nodes[i];
            if (node.Domain == GraphModel.Microsoft)
            {
                model.Nodes[i] = new GraphNode { Operator = "Identity", Inputs = [node.Inputs[0]], Outputs = node.Outputs };
            }
        }

        return model;
    }
}
