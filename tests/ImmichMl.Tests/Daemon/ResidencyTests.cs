namespace ImmichMl.Tests.Daemon;

/// <summary>What stays in the daemon's memory, and what the daemon tells of it.</summary>
public sealed class ResidencyTests
{
    static readonly string DemoCache = Path.Combine(Repository.Root, "models", "demo");

    static readonly ModelAddress Model = new("clip", "visual", DemoModels.Name);

    [Test]
    public async Task Preloaded_models_are_there_before_it_is_ready_and_a_missing_one_does_not_stop_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            settings: [("MACHINE_LEARNING_PRELOAD__CLIP__VISUAL", $"no-such-model,{DemoModels.Name}")]);
        await Assert.That((await daemon.Client.GetInfoAsync()).Ready).IsTrue();
        await Assert.That(await StateAsync(daemon)).IsEqualTo("loaded");
        await Assert.That(daemon.Log.Lines.Any(line => line.StartsWith("Error: Preloading clip visual no-such-model failed",
            StringComparison.Ordinal))).IsTrue();
    }

    [Test]
    [Arguments("facial-recognition", "FACIAL_RECOGNITION")]
    [Arguments("ocr", "OCR")]
    public async Task A_preloaded_recognizer_has_run_once_so_that_one_which_fails_is_told_at_the_start(string task, string setting)
    {
        using var cache = new TempFolder();
        foreach ((string name, byte[] model) in (ReadOnlySpan<(string, byte[])>)[("good", Recognizer(task)), ("bad", Failing(task))])
        {
            cache.Write(model, task, name, "recognition", "model.onnx");
            cache.Write(Encoding.UTF8.GetBytes(TextModels.Characters), task, name, "recognition", "dict.txt");
        }

        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache.Path, ($"MACHINE_LEARNING_PRELOAD__{setting}__RECOGNITION", "good,bad"));
        await Assert.That(daemon.Log.Lines.Count(line => line.StartsWith("Error: Preloading", StringComparison.Ordinal))).IsEqualTo(1);
        await Assert.That(daemon.Log.Lines.Any(line => line.StartsWith($"Error: Preloading {task} recognition bad failed",
            StringComparison.Ordinal))).IsTrue();
    }

    [Test]
    [Arguments("96", 0)]
    [Arguments("128", 1)]
    public async Task A_preloaded_text_detector_has_seen_a_picture_of_the_resolution_that_was_set(string resolution, int failures)
    {
        using var cache = new TempFolder();
        cache.Write(OnlySquares(96), "ocr", "squares", "detection", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache.Path, ("MACHINE_LEARNING_PRELOAD__OCR__DETECTION", "squares"),
            ("MACHINE_LEARNING_PRELOAD__OCR__MAX_RESOLUTION", resolution));
        await Assert.That(daemon.Log.Lines.Count(line => line.StartsWith("Error: Preloading", StringComparison.Ordinal)))
            .IsEqualTo(failures).Because(string.Join('\n', daemon.Log.Lines));
    }

    /// <summary>A text detector that loads, fails on pictures of any other size, and finds nothing.</summary>
    static byte[] OnlySquares(int side) => new OnnxGraph("squares")
        .Input("x", OnnxType.Float, 1, 3, "height", "width").Output("map", OnnxType.Float, 1, 1, "height", "width")
        .Initializer("w", OnnxTensor.Floats([1, 3, 1, 1], [0, 0, 0]))
        .Initializer("square", OnnxTensor.Floats([1, 1, side, side], new float[side * side]))
        .Node("Conv", ["x", "w"], ["zeros"]).Node("Add", ["zeros", "square"], ["map"]).ToModel();

    static byte[] Recognizer(string task) => task == "ocr" ? TextModels.Recognizer(TextModels.Characters, "n") : FaceModels.Recognizer("n");

    /// <summary>Loads, and fails at every run: what the input's sum has to do with it keeps ONNX Runtime from trying at the load.</summary>
    static byte[] Failing(string task)
    {
        (int height, OnnxDim width) = task == "ocr" ? (48, (OnnxDim)"width") : (112, 112);
        return new OnnxGraph("failing").Input("x", OnnxType.Float, "n", 3, height, width).Output("y", OnnxType.Float, "n", "steps", 5)
            .Initializer("far", OnnxTensor.Floats([], [1e6f]))
            .Initializer("shape", OnnxTensor.Int64s([3], [1, -1, 1]))
            .Node("ReduceMax", ["x"], ["most"], OnnxAttribute.Int("keepdims", 0))
            .Node("Add", ["most", "far"], ["place"])
            .Node("Cast", ["place"], ["index"], OnnxAttribute.Int("to", (long)OnnxType.Int64))
            .Node("Reshape", ["x", "shape"], ["flat"])
            .Node("Gather", ["flat", "index"], ["y"], OnnxAttribute.Int("axis", 2)).ToModel();
    }

    [Test]
    public async Task An_idle_model_is_unloaded_after_its_time_and_loaded_again_when_asked_for()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            settings: [("MACHINE_LEARNING_MODEL_TTL__CLIP__VISUAL", "0.1"), ("MACHINE_LEARNING_MODEL_TTL_POLL_S", "0.05")]);
        await daemon.Client.LoadAsync(Model);
        await daemon.Log.WaitAsync("Unloaded clip visual", "(idle)");
        await Assert.That(await StateAsync(daemon)).IsEqualTo("cached");
        await Assert.That((await daemon.Client.PredictAsync(Ask.Predict(0))).Clip!.Length).IsEqualTo(512);
    }

    [Test]
    public async Task Over_the_memory_limit_idle_models_go()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            settings: [("MACHINE_LEARNING_MEMORY_LIMIT", "1"), ("MACHINE_LEARNING_MODEL_TTL_POLL_S", "0.05")]);
        await daemon.Client.LoadAsync(Model);
        await daemon.Log.WaitAsync("Unloaded clip visual", "over the memory limit");
    }

    [Test]
    public async Task Statistics_count_answers_by_model_and_code_and_no_made_up_name()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await daemon.Client.PredictAsync(Ask.Predict(0));
        await daemon.Client.PredictAsync(Ask.Predict(0));
        await daemon.Client.RefusalAsync(DemoModels.Name, [1, 2, 3]);
        await daemon.Client.RefusalAsync("made-up-name", TestPicture.Bmp(8, 8));
        StatsResult stats = await daemon.Client.GetStatsAsync();
        await Assert.That(string.Join(
            "; ", stats.Requests.Select(count => $"{count.Model.ModelName} {count.Code} {count.Count}").Order(StringComparer.Ordinal)))
            .IsEqualTo($"- unknown_model 1; {DemoModels.Name} image_unsupported 1; {DemoModels.Name} ok 2");
        LatencyHistogram total = stats.Latency.Single(histogram => histogram.Stage == "total");
        await Assert.That((total.Count, total.Counts.Sum(), total.Counts.Length - total.BucketsMs.Length)).IsEqualTo((2L, 2L, 1));
        await Assert.That(total.SumMs).IsGreaterThanOrEqualTo(stats.Latency.Single(histogram => histogram.Stage == "inference").SumMs);
        await Assert.That(stats.Memory.RssBytes).IsGreaterThan(stats.Memory.AnonBytes);
        await Assert.That(stats.Memory.AnonBytes).IsGreaterThan(1_000_000);
    }

    [Test]
    public async Task The_models_of_one_request_have_each_its_own_time_and_together_the_requests()
    {
        const string Name = "made_up";
        using var cache = new TempFolder();
        cache.Write(TextModels.Detector(), "ocr", Name, "detection", "model.onnx");
        cache.Write(TextModels.Recognizer(TextModels.Characters, "n"), "ocr", Name, "recognition", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        PredictResult answer = await daemon.Client.PredictAsync(new PredictRequest
        {
            Id = 0,
            Tasks = [Ask.Task("ocr", "detection", Name), Ask.Task("ocr", "recognition", Name)],
            Image = new ReadOnlySequence<byte>(TextPicture.Draw(500, 300, new DrawnLine(60, 60, "ABC"))),
        });
        await Assert.That(answer.Ocr!.Text!.Single()).IsEqualTo("ABC");
        IReadOnlyList<LatencyHistogram> latency = (await daemon.Client.GetStatsAsync()).Latency;
        double[] inference = [.. latency.Where(histogram => histogram.Stage == "inference").Select(histogram => histogram.SumMs)];
        await Assert.That(inference.Length).IsEqualTo(2);
        await Assert.That(inference.Min()).IsGreaterThan(0);
        await Assert.That(Math.Abs(inference.Sum() - answer.Timings.Inference)).IsLessThan(1e-3);
        await Assert.That(latency.Where(histogram => histogram.Stage == "total").Select(histogram => histogram.SumMs).Distinct().Single())
            .IsEqualTo(answer.Timings.Total);
    }

    [Test]
    public async Task Load_unload_and_top_work_from_the_command_line_and_an_idle_daemon_ends()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(
            DemoCache, ("MACHINE_LEARNING_EXIT_ON_IDLE", "4"));
        Finished loaded = await served.AskAsync("load", "clip", "visual", DemoModels.Name, "--json");
        await Assert.That(loaded.ExitCode).IsEqualTo(0).Because(loaded.Errors);
        using var json = JsonDocument.Parse(loaded.Output);
        await Assert.That(json.RootElement.GetProperty("anonBytesAfter").GetInt64()).IsGreaterThan(0);
        await Assert.That(json.RootElement.GetProperty("rssBytesAfter").GetInt64())
            .IsGreaterThan(json.RootElement.GetProperty("anonBytesAfter").GetInt64());
        Finished top = await served.AskAsync("top", "--once");
        await Assert.That(top.Output).Contains($"clip visual {DemoModels.Name}").Because(top.Errors);
        await Assert.That((await served.AskAsync("load", "clip", "visual", "no-such-model")).ExitCode).IsEqualTo(2);
        await Assert.That((await served.AskAsync("unload", "clip", "visual", DemoModels.Name)).ExitCode).IsEqualTo(0);
        await Assert.That((await served.EndAsync()).ExitCode).IsEqualTo(0);
    }

    static async Task<string> StateAsync(RunningDaemon daemon) =>
        (await daemon.Client.GetModelsAsync()).Models.Single(model => model.ModelName == DemoModels.Name && model.Type == "visual").State;
}
