namespace ImmichMl.Tests.Inference;

/// <summary>Pictures that come together share a run, each with the answer that it would have had alone.</summary>
public sealed class ClipBatchTests
{
    const int Side = 8;
    const int Inputs = 3 * Side * Side;
    const int Outputs = 6;
    const string Model = "free__batch";

    /// <summary>
    /// A projection, and as last number of each embedding how many ran in the run. A reshape in it may keep it from taking more than one.
    /// </summary>
    static TempFolder Cache(bool takesMany)
    {
        var cache = new TempFolder();
        float[] weights = [.. Enumerable.Range(0, Inputs * Outputs).Select(i => ((i * 7919L) % 2003 / 1001f) - 1)];
        byte[] model = new OnnxGraph("batch").Input("image", OnnxType.Float, "batch", 3, Side, Side)
            .Output("embedding", OnnxType.Float, "batch", Outputs + 1)
            .Initializer("weights", OnnxTensor.Floats([Inputs, Outputs], weights))
            .Initializer("none", OnnxTensor.Floats([Inputs, 1], new float[Inputs]))
            .Initializer("first", OnnxTensor.Int64s([], [0]))
            .Initializer("shape", OnnxTensor.Int64s([2], [takesMany ? -1 : 1, Inputs]))
            .Node("Reshape", ["image", "shape"], ["flat"])
            .Node("MatMul", ["flat", "weights"], ["projected"])
            .Node("Shape", ["image"], ["dims"])
            .Node("Gather", ["dims", "first"], ["rows"])
            .Node("Cast", ["rows"], ["count"], OnnxAttribute.Int("to", 1))
            .Node("MatMul", ["flat", "none"], ["zeros"])
            .Node("Add", ["zeros", "count"], ["counts"])
            .Node("Concat", ["projected", "counts"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel();
        cache.Write(model, "clip", Model, "visual", "model.onnx");
        cache.Write(
            """{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray(), "clip", Model, "visual", "preprocess_cfg.json");
        return cache;
    }

    static Task<RunningDaemon> StartAsync(TempFolder cache, int most, int wait = 10_000) => RunningDaemon.StartAsync(
        cache.Path, ("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", $"{most}"), ("MACHINE_LEARNING_BATCH_WAIT_MS", $"{wait}"),
        ("MACHINE_LEARNING_REQUEST_THREADS", "2"));

    static PredictRequest Request(int i) => Ask.Predict(0, Model, TestPicture.Bmp(20 + i, 30));

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task Each_has_the_answer_that_it_would_have_alone(bool takesMany)
    {
        const int Pictures = 9;
        using TempFolder cache = Cache(takesMany);
        await using RunningDaemon alone = await StartAsync(cache, most: 1);
        await using RunningDaemon together = await StartAsync(cache, most: 4);
        var expected = new List<float[]>();
        for (int i = 0; i < Pictures; i++)
        {
            expected.Add((await alone.Client.PredictAsync(Request(i))).Clip!);
        }

        PredictResult[] answers = await Task.WhenAll(Enumerable.Range(0, Pictures).Select(i => together.Client.PredictAsync(Request(i))));
        for (int i = 0; i < Pictures; i++)
        {
            await Assert.That(expected[i][^1]).IsEqualTo(1);
            float furthest = answers[i].Clip!.Zip(expected[i], (a, b) => Math.Abs(a - b)).Take(Outputs).Max();
            await Assert.That(furthest).IsLessThan(1e-4f);
        }

        // The first waits until four are there; what comes after them runs as it comes.
        await Assert.That(answers.Max(answer => answer.Clip![^1])).IsEqualTo(takesMany ? 4 : 1);
    }

    [Test]
    public async Task A_bad_picture_and_one_that_is_cancelled_hurt_only_themselves()
    {
        using TempFolder cache = Cache(takesMany: true);
        await using RunningDaemon daemon = await StartAsync(cache, most: 4, wait: 300);
        using var cancel = new CancellationTokenSource();
        Task<PredictResult>[] good = [.. Enumerable.Range(0, 3).Select(i => daemon.Client.PredictAsync(Request(i)))];
        Task<PredictResult> given = daemon.Client.PredictAsync(Request(3), cancel.Token);
        byte[] damaged = File.ReadAllBytes(Repository.Golden("images", "rgb.png"));
        damaged.AsSpan(60).Fill(0x55);
        Task<PredictResult> bad = daemon.Client.PredictAsync(Ask.Predict(0, Model, damaged));
        await cancel.CancelAsync();
        await Assert.That(async () => await given).Throws<OperationCanceledException>();
        await Assert.That((await Assert.That(async () => await bad).Throws<MlErrorException>())!.Code.Name).StartsWith("image_");
        PredictResult[] answers = await Task.WhenAll(good);
        await Assert.That(answers.Select(answer => answer.Clip!.Length).Distinct().Single()).IsEqualTo(Outputs + 1);

        // And the line goes on.
        await Assert.That((await daemon.Client.PredictAsync(Request(1))).Clip!.Length).IsEqualTo(Outputs + 1);
    }

    [Test]
    public async Task One_whose_deadline_passes_while_it_waits_for_others_is_told_and_the_others_are_answered()
    {
        using TempFolder cache = Cache(takesMany: true);
        await using RunningDaemon daemon = await StartAsync(cache, most: 4, wait: 1000);
        await daemon.Client.LoadAsync(new ModelAddress("clip", "visual", Model));
        Task<PredictResult> late = daemon.Client.PredictAsync(Request(0) with { DeadlineMs = 200 });
        Task<PredictResult> good = daemon.Client.PredictAsync(Request(1));
        await Assert.That((await Assert.That(async () => await late.Within()).Throws<MlErrorException>())!.Code.Name)
            .IsEqualTo("deadline_exceeded");
        await Assert.That((await good.Within()).Clip!.Length).IsEqualTo(Outputs + 1);
    }
}
