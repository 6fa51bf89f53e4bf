namespace ImmichMl.Tests.Fetch;

/// <summary>Good models that cannot be read or loaded for now: told as that, left alone, and used as soon as it is over.</summary>
public sealed class PassingFaultTests
{
    const string Name = "ViT-B-32__openai";
    const string ModelFile = "textual/model.onnx";

    static async Task PullAsync(StandInHub hub, TempFolder cache)
    {
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        hub.Asked.Clear();
    }

    static (string, string?)[] Settings(StandInHub hub, TempFolder cache, params (string, string?)[] more) =>
        [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on"), ("MACHINE_LEARNING_PREPARE_MODELS", "false"), .. more];

    static MlClient Connect(ServedProgram served) => new(new MlClientOptions { SocketPath = served.Socket });

    static async Task<string> LoadAsync(MlClient client)
    {
        try
        {
            await client.LoadAsync(Clip.Address(Name) with { Type = "textual" });
            return "ok";
        }
        catch (MlErrorException e)
        {
            return $"{e.Code.Name} {(e.Code.Retryable ? "retryable" : "final")}: {e.Message}";
        }
    }

    [Test]
    public async Task A_model_that_may_not_be_read_is_unavailable_and_not_fetched_again()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        string file = cache.File("clip", Name, ModelFile);
        File.SetUnixFileMode(file, UnixFileMode.None);
        await using ServedProgram served = await ServedProgram.StartThroughAsync(Unprivileged.Starter, cache.Path, Settings(hub, cache));
        await using MlClient client = Connect(served);
        string told = await LoadAsync(client);
        await Assert.That(told).StartsWith("model_unavailable retryable: ");
        await Assert.That(told).Contains(file);
        await Assert.That(hub.Asked).IsEmpty();
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        await Assert.That(await LoadAsync(client)).IsEqualTo("ok");
        await Assert.That(hub.Asked).IsEmpty();
    }

    [Test]
    public async Task Where_no_descriptor_is_left_a_model_can_be_asked_for_again_and_is_not_fetched_again()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        await using ServedProgram served = await ServedProgram.StartAsync(cache.Path, Settings(hub, cache));
        await using MlClient client = Connect(served);
        await client.PingAsync();
        HashSet<int> open = [.. Directory.GetFileSystemEntries($"/proc/{served.ProcessId}/fd")
            .Select(path => int.Parse(Path.GetFileName(path)))];
        await LimitAsync(served, Enumerable.Range(0, 1024).First(number => !open.Contains(number)));
        string told = await LoadAsync(client);
        await Assert.That(told).Contains(" retryable: ");
        await Assert.That(told).DoesNotContain("internal");
        await LimitAsync(served, 1024);
        await Assert.That(await LoadAsync(client)).IsEqualTo("ok");
        await Assert.That(hub.Asked).IsEmpty();
    }

    static async Task LimitAsync(ServedProgram served, int descriptors)
    {
        using Process prlimit = Process.Start("prlimit", ["--pid", $"{served.ProcessId}", $"--nofile={descriptors}:"]);
        await prlimit.WaitForExitAsync().Within();
        await Assert.That(prlimit.ExitCode).IsEqualTo(0);
    }

    [Test]
    public async Task A_good_copy_that_no_runtime_takes_is_fetched_once_and_stays_unusable()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        hub.Files["textual/tokenizer_config.json"] = "{}"u8.ToArray();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        await using ServedProgram served = await ServedProgram.StartAsync(cache.Path, Settings(hub, cache));
        await using MlClient client = Connect(served);
        await Assert.That(await LoadAsync(client)).StartsWith("model_unusable final: ");
        await Assert.That(hub.Asked).IsEmpty();
    }

    [Test]
    public async Task A_damaged_configuration_which_no_record_names_is_fetched_again()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        await File.WriteAllTextAsync(cache.File("clip", Name, "config.json"), "{");
        await using ServedProgram served = await ServedProgram.StartAsync(cache.Path, Settings(hub, cache));
        await using MlClient client = Connect(served);
        await Assert.That(await LoadAsync(client)).IsEqualTo("ok");
    }
}
