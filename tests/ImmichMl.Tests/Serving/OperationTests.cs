namespace ImmichMl.Tests.Serving;

public sealed class OperationTests
{
    static readonly ModelAddress s_model = new("clip", "visual", DemoModels.Name);

    [Test]
    public async Task Info_says_who_answers_and_within_which_limits()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_QUEUE", "17"));
        InfoResult info = await daemon.Client.GetInfoAsync();
        await Assert.That((info.Protocol, info.Pid, info.Ready, info.Limits.Queue)).IsEqualTo((1, Environment.ProcessId, true, 17L));
        await Assert.That((info.Limits.MaxFrameBytes, info.Limits.MaxImageBytes)).IsEqualTo((129L * 1024 * 1024, 128L * 1024 * 1024));
    }

    [Test]
    public async Task A_model_is_loaded_and_unloaded_on_request()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await Assert.That(await StateAsync(daemon)).IsEqualTo("cached");
        await daemon.Client.LoadAsync(s_model);
        await daemon.Client.LoadAsync(s_model);
        await Assert.That(await StateAsync(daemon)).IsEqualTo("loaded");
        await daemon.Client.UnloadAsync(s_model);
        await daemon.Client.UnloadAsync(s_model);
        await Assert.That(await StateAsync(daemon)).IsEqualTo("cached");
        await Assert.That(daemon.Log.Lines.Count(line => line.Contains("Loading ", StringComparison.Ordinal))).IsEqualTo(1);
    }

    [Test]
    [Arguments("no_such_model", "unknown_model", false)]
    [Arguments("ViT-B-32__openai", "model_unavailable", true)]
    [Arguments("../../../../etc", "unknown_model", false)]
    [Arguments("...", "unknown_model", false)]
    public async Task A_model_that_is_not_here_is_not_loaded(string name, string code, bool retryable)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await FailsAsync(daemon.Client.LoadAsync(s_model with { ModelName = name }), code, retryable);
        await FailsAsync(daemon.Client.PredictAsync(Ask.Predict(0, name)), code, retryable);
        await daemon.Client.UnloadAsync(s_model with { ModelName = "no_such_model" });
    }

    [Test]
    public async Task A_model_that_does_not_load_is_unusable_and_told_as_failed()
    {
        using var cache = new SlowModel(steps: 1);
        await File.WriteAllTextAsync(Path.Combine(cache.Folder, "clip", SlowModel.Name, "visual", "model.onnx"), "not a model");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Folder);
        await FailsAsync(daemon.Client.PredictAsync(Ask.Predict(0, SlowModel.Name)), "model_unusable", retryable: false);
        await Assert.That(await StateAsync(daemon, SlowModel.Name)).IsEqualTo("failed");
        await daemon.Client.UnloadAsync(SlowDaemon.Model);
        await Assert.That(await StateAsync(daemon, SlowModel.Name)).IsEqualTo("cached");
    }

    [Test]
    [Arguments("facial-recognition", "recognition", "missing_dependency")]
    [Arguments("ocr", "recognition", "missing_dependency")]
    [Arguments("clip", "textual", "invalid_request")]
    [Arguments("clip", "detection", "unknown_task")]
    [Arguments("nudity", "detection", "unknown_task")]
    public async Task Tasks_that_cannot_be_done_are_refused_before_any_model(string task, string type, string code)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await FailsAsync(daemon.Client.PredictAsync(Ask.Predict(0) with { Tasks = [Ask.Task(task, type)] }), code, retryable: false);
        await daemon.Log.WaitAsync($"predict {code}", " 0 model runs");
        await Assert.That(daemon.Log.Lines.Any(line => line.Contains("Loading ", StringComparison.Ordinal))).IsFalse();
    }

    static async Task<string> StateAsync(RunningDaemon daemon, string name = DemoModels.Name) =>
        (await daemon.Client.GetModelsAsync()).Models.Single(model => model.ModelName == name && model.Type == "visual").State;

    static async Task FailsAsync(Task asked, string code, bool retryable)
    {
        var error = await Assert.That(async () => await asked).Throws<MlErrorException>();
        await Assert.That((error!.Code.Name, error.Error.Retryable)).IsEqualTo((code, retryable));
    }
}
