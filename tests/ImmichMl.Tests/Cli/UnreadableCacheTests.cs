namespace ImmichMl.Tests.Cli;

/// <summary>A cache that cannot be looked at is not an empty one.</summary>
public sealed class UnreadableCacheTests
{
    const UnixFileMode All = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    [Test]
    [Arguments("")]
    [Arguments("clip")]
    [Arguments("clip/a-model")]
    [Arguments("clip/a-model/visual")]
    public async Task What_may_not_be_looked_at_is_named_and_the_exit_code_is_3(string closed)
    {
        using var cache = new TempFolder();
        cache.Write([1, 2, 3], "clip", "a-model", "visual", "model.onnx");
        cache.Write([1, 2, 3], "ocr", "another", "recognition", "model.onnx");
        string folder = cache.File(closed);
        File.SetUnixFileMode(folder, UnixFileMode.None);
        try
        {
            foreach (string[] verb in (string[][])[["list"], ["verify"], ["rm", "no-such-model"]])
            {
                Finished said = await ChildProgram.RunThroughAsync(Unprivileged.Starter, ["models", .. verb, "--cache", cache.Path]);
                await Assert.That((verb[0], said.ExitCode, said.Errors.Contains(folder.TrimEnd('/')))).IsEqualTo((verb[0], 3, true))
                    .Because(said.Output + said.Errors);
                await Assert.That(said.Output).DoesNotContain("No models");
            }

            Finished doctor = await ChildProgram.RunThroughAsync(Unprivileged.Starter, ["doctor", "--cache", cache.Path]);
            await Assert.That((doctor.ExitCode, doctor.Output.Contains("none in the cache"))).IsEqualTo((3, false)).Because(doctor.Output);
        }
        finally
        {
            File.SetUnixFileMode(folder, All);
        }
    }

    [Test]
    public async Task A_model_that_cannot_be_looked_at_is_not_called_missing()
    {
        using var cache = new TempFolder();
        cache.Write([1, 2, 3], "clip", "a-model", "visual", "model.onnx");
        File.SetUnixFileMode(cache.File("clip", "a-model"), UnixFileMode.None);
        await using ServedProgram served = await ServedProgram.StartThroughAsync(Unprivileged.Starter, cache.Path);
        await served.SaysAsync("can be looked at");
        Finished asked = await served.AskAsync("load", "clip", "visual", "a-model");
        File.SetUnixFileMode(cache.File("clip", "a-model"), All);
        await Assert.That((asked.ExitCode, asked.Errors.Contains("missing"))).IsEqualTo((3, false)).Because(asked.Errors);
        await Assert.That(asked.Errors).Contains("denied");
    }

    [Test]
    public async Task A_file_in_the_caches_place_is_told_in_one_line_and_the_exit_code_is_3()
    {
        using var folder = new TempFolder();
        string file = folder.Write("no cache"u8, "cache");
        foreach (string[] verb in (string[][])[
            ["serve", "--socket", folder.File("x.sock")], ["models", "list"], ["models", "verify"], ["models", "pull", "ViT-B-32__openai"],
            ["models", "import", file]])
        {
            Finished said = await ChildProgram.RunAsync([.. verb, "--cache", file]);
            await Assert.That((string.Join(' ', verb), said.ExitCode)).IsEqualTo((string.Join(' ', verb), 3)).Because(said.Errors);
            await Assert.That(said.Errors.Trim().Split('\n').Length).IsEqualTo(1);
            await Assert.That(said.Errors).Contains($"{file} is no folder");
        }
    }

    [Test]
    public async Task A_cache_that_is_not_there_is_said_and_the_daemon_serves()
    {
        using var folder = new TempFolder();
        await using ServedProgram served = await ServedProgram.StartAsync(folder.File("none"));
        await served.SaysAsync($"{folder.File("none")} is not there");
        await Assert.That((await served.AskAsync("ping")).ExitCode).IsEqualTo(0);
    }
}
