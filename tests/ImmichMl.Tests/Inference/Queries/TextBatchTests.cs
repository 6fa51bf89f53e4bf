namespace ImmichMl.Tests.Inference.Queries;

/// <summary>Queries that come together share a run, each with the answer that it would have had alone.</summary>
public sealed class TextBatchTests
{
    const int Outputs = 6;
    const int Length = 32;
    const string Model = "free__texts";

    /// <summary>The first byte of an emoji, which this tower cannot stand.</summary>
    const int Forbidden = 0xF0;

    /// <summary>
    /// Embeddings of the ids, summed and bent, and as last number of each how many ran in the run. A mask, where it takes one, says
    /// what counts. A reshape in it may keep it from taking more than one.
    /// </summary>
    static TempFolder Cache(OnnxDim batch, bool takesMany = true, bool takesMask = false)
    {
        float[] table = [.. Enumerable.Range(0, 300 * Outputs).Select(i => ((i * 7919L) % 2003 / 1001f) - 1)];
        OnnxGraph graph = new OnnxGraph("texts").Input("text", OnnxType.Int32, batch, Length)
            .Output("embedding", OnnxType.Float, batch, Outputs + 1)
            .Initializer("table", OnnxTensor.Floats([300, Outputs], table))
            .Initializer("forbidden", OnnxTensor.Int32s([], [Forbidden]))
            .Initializer("beyond", OnnxTensor.Int32s([], [1_000_000]))
            .Initializer("shape", OnnxTensor.Int64s([2], [takesMany ? -1 : 1, Length]))
            .Initializer("first", OnnxTensor.Int64s([], [0]))
            .Initializer("words", OnnxTensor.Int64s([1], [1]))
            .Initializer("nothing", OnnxTensor.Floats([], [0]))
            .Node("Reshape", ["text", "shape"], ["ids"])
            .Node("Equal", ["ids", "forbidden"], ["is_bad"])
            .Node("Where", ["is_bad", "beyond", "ids"], ["places"])
            .Node("Gather", ["table", "places"], ["found"]);
        if (takesMask)
        {
            graph.Input("attention_mask", OnnxType.Int32, batch, Length)
                .Node("Cast", ["attention_mask"], ["weights"], OnnxAttribute.Int("to", (long)OnnxType.Float))
                .Node("Unsqueeze", ["weights", "last"], ["columns"])
                .Initializer("last", OnnxTensor.Int64s([1], [2]))
                .Node("Mul", ["found", "columns"], ["counted"]);
        }
        else
        {
            graph.Node("Identity", ["found"], ["counted"]);
        }

        byte[] model = graph.Node("ReduceSum", ["counted", "words"], ["sum"], OnnxAttribute.Int("keepdims", 0))
            .Node("Sin", ["sum"], ["bent"])
            .Node("ReduceSum", ["bent", "words"], ["of_each"], OnnxAttribute.Int("keepdims", 1))
            .Node("Mul", ["of_each", "nothing"], ["zeros"])
            .Node("Shape", ["text"], ["dims"])
            .Node("Gather", ["dims", "first"], ["rows"])
            .Node("Cast", ["rows"], ["count"], OnnxAttribute.Int("to", (long)OnnxType.Float))
            .Node("Add", ["zeros", "count"], ["counts"])
            .Node("Concat", ["bent", "counts"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();
        var cache = new TempFolder();
        cache.Write(model, "clip", Model, "textual", "model.onnx");
        cache.Write(Encoding.UTF8.GetBytes(TextModel.Bytes), "clip", Model, "textual", "tokenizer.json");
        cache.Write("""{"pad_token": "<pad>"}"""u8.ToArray(), "clip", Model, "textual", "tokenizer_config.json");
        cache.Write("""{"text_cfg": {"context_length": 32}}"""u8.ToArray(), "clip", Model, "config.json");
        return cache;
    }

    static Task<RunningDaemon> StartAsync(TempFolder cache, int most, int wait = 10_000) => RunningDaemon.StartAsync(
        cache.Path, ("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", $"{most}"), ("MACHINE_LEARNING_BATCH_WAIT_MS", $"{wait}"),
        ("MACHINE_LEARNING_REQUEST_THREADS", "2"));

    static async Task<float[]> AskAsync(RunningDaemon daemon, string text, long? deadline = null,
        CancellationToken cancellation = default) =>
        (await daemon.Client.PredictAsync(TextAsking.Textual(Model, text) with { DeadlineMs = deadline }, cancellation).Within()).Clip!;

    /// <summary>How many ran in its run.</summary>
    static int CountIn(float[] answer) => (int)answer[^1];

    [Test]
    [Arguments(true, false, 4)]
    [Arguments(true, true, 4)]
    [Arguments(false, false, 1)]
    public async Task Each_has_the_answer_that_it_would_have_alone(bool takesMany, bool takesMask, int together)
    {
        string[] texts = [.. Enumerable.Range(0, 9).Select(i => $"a photo of {i * 37} {new string((char)('a' + i), i)} dogs")];
        using TempFolder cache = Cache("batch", takesMany, takesMask);
        await using RunningDaemon alone = await StartAsync(cache, most: 1);
        await using RunningDaemon several = await StartAsync(cache, most: 4);
        var expected = new List<float[]>();
        foreach (string text in texts)
        {
            expected.Add(await AskAsync(alone, text));
        }

        float[][] answers = await Task.WhenAll(texts.Select(text => AskAsync(several, text)));
        for (int i = 0; i < texts.Length; i++)
        {
            await Assert.That(CountIn(expected[i])).IsEqualTo(1);
            await Assert.That(TensorPrimitives.CosineSimilarity(answers[i].AsSpan(0, Outputs), expected[i].AsSpan(0, Outputs)))
                .IsGreaterThanOrEqualTo(0.999999f);
        }

        // The first waits until four are there; what comes after them runs as it comes.
        await Assert.That(answers.Max(CountIn)).IsEqualTo(together);

        // No two are alike, so that an answer to another's text would show.
        await Assert.That(expected.SelectMany((one, i) => expected.Skip(
            i + 1).Select(other => TensorPrimitives.CosineSimilarity(one.AsSpan(0, Outputs), other.AsSpan(0, Outputs)))).Max())
            .IsLessThan(0.999f);
    }

    [Test]
    public async Task A_model_of_one_text_a_run_waits_for_nobody()
    {
        using TempFolder cache = Cache(1);
        await using RunningDaemon daemon = await StartAsync(cache, most: 4);
        PredictResult answer = await daemon.Client.PredictAsync(TextAsking.Textual(Model, "alone")).Within();
        await Assert.That(CountIn(answer.Clip!)).IsEqualTo(1);
        await Assert.That(answer.Timings.Queue).IsLessThan(10_000);
    }

    [Test]
    public async Task A_text_that_the_model_cannot_stand_hurts_only_itself()
    {
        using TempFolder cache = Cache("batch");
        await using RunningDaemon daemon = await StartAsync(cache, most: 4);
        Task<float[]>[] good = [.. Enumerable.Range(0, 3).Select(i => AskAsync(daemon, $"good {i}"))];
        MlErrorException refusal = await daemon.Client.TextRefusalAsync(Model, "bad 😀");
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");

        // All four ran in the run that failed, and then each alone.
        await Assert.That((await Task.WhenAll(good)).All(answer => CountIn(answer) == 1)).IsTrue();
    }

    [Test]
    public async Task One_that_is_cancelled_or_late_leaves_the_others_alone_and_the_line_goes_on()
    {
        using TempFolder cache = Cache("batch");
        await using RunningDaemon daemon = await StartAsync(cache, most: 8, wait: 500);
        await daemon.Client.LoadAsync(new ModelAddress("clip", "textual", Model));
        using var cancel = new CancellationTokenSource();
        Task<float[]> given = AskAsync(daemon, "given up", cancellation: cancel.Token);
        Task<float[]> late = AskAsync(daemon, "late", deadline: 100);
        Task<float[]>[] good = [AskAsync(daemon, "one"), AskAsync(daemon, "two")];
        await cancel.CancelAsync();
        await Assert.That(async () => await given).Throws<OperationCanceledException>();
        await Assert.That((await Assert.That(async () => await late).Throws<MlErrorException>())!.Code.Name).IsEqualTo("deadline_exceeded");
        await Assert.That((await Task.WhenAll(good)).All(answer => answer.Length == Outputs + 1)).IsTrue();
        await Assert.That((await AskAsync(daemon, "next")).Length).IsEqualTo(Outputs + 1);
    }
}
