namespace ImmichMl.Tests.Fetch;

/// <summary>Pipes where files should be: nothing waits for their other ends, and the message names them.</summary>
public sealed class SpecialFileTests
{
    const string Name = DemoModels.Name;

    static async Task<TempFolder> CacheAsync(string? pipe = null)
    {
        var cache = new TempFolder();
        foreach ((string path, byte[] bytes) in DemoModels.Files)
        {
            cache.Write(bytes, path.Split('/'));
        }

        if (pipe is not null)
        {
            await PutPipeAsync(cache, pipe);
        }

        return cache;
    }

    static async Task PutPipeAsync(TempFolder cache, string pipe)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(cache.File(pipe))!);
        File.Delete(cache.File(pipe));
        using Process made = Process.Start("mkfifo", [cache.File(pipe)]);
        await made.WaitForExitAsync().Within();
    }

    [Test]
    [Arguments("textual", $"clip/{Name}/textual/model.onnx")]
    [Arguments("textual", $"clip/{Name}/textual/tokenizer.json")]
    [Arguments("textual", $"clip/{Name}/textual/tokenizer_config.json")]
    [Arguments("textual", $"clip/{Name}/config.json")]
    [Arguments("visual", $"clip/{Name}/visual/model.onnx")]
    [Arguments("visual", $"clip/{Name}/visual/preprocess_cfg.json")]
    [Arguments("visual", $"clip/{Name}/visual/weights/part.bin")]
    public async Task A_pipe_in_place_of_a_models_file_is_named_others_are_answered_and_the_file_put_back_is_used(string type, string pipe)
    {
        using TempFolder cache = await CacheAsync(pipe);
        await using ServedProgram daemon = await ServedProgram.StartAsync(cache.Path);
        Finished refused = await daemon.AskAsync("load", "clip", type, Name, "--timeout", "30");
        await Assert.That((refused.ExitCode, refused.Errors.Contains("model_unusable"))).IsEqualTo((3, true)).Because(refused.Errors);
        await Assert.That(refused.Errors).Contains($"{cache.File(pipe)} is a pipe");
        Finished other = await daemon.AskAsync("load", "clip", type == "visual" ? "textual" : "visual", Name);
        await Assert.That(other.ExitCode).IsEqualTo(0).Because(other.Errors);
        File.Delete(cache.File(pipe));
        if (DemoModels.Files.TryGetValue(pipe, out byte[]? bytes))
        {
            cache.Write(bytes, pipe.Split('/'));
        }

        Finished again = await daemon.AskAsync("load", "clip", type, Name);
        await Assert.That(again.ExitCode).IsEqualTo(0).Because(again.Errors);
    }

    [Test]
    [Arguments($"clip/{Name}/textual/.immich-ml.json")]
    [Arguments("catalog.d/own.json")]
    public async Task A_pipe_in_place_of_a_record_or_of_a_catalogue_is_passed_over(string pipe)
    {
        using TempFolder cache = await CacheAsync(pipe);
        Finished verified = await ChildProgram.RunAsync(["models", "verify", Name, "--cache", cache.Path]);
        await Assert.That(verified.ExitCode).IsEqualTo(0).Because(verified.Output + verified.Errors);
        await using ServedProgram daemon = await ServedProgram.StartAsync(cache.Path);
        Finished loaded = await daemon.AskAsync("load", "clip", "textual", Name);
        await Assert.That(loaded.ExitCode).IsEqualTo(0).Because(loaded.Errors);
    }
}
