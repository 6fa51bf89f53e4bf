namespace ImmichMl.Tests.Fetch;

/// <summary>Requests that wait for a download: how much they may hold, and what they are told when the daemon stops.</summary>
public sealed class DownloadWaitingTests
{
    const string Name = "ViT-B-32__openai";
    const string ModelFile = "visual/model.onnx";

    /// <summary>0.9 MB.</summary>
    static readonly byte[] Picture = TestPicture.Bmp(600, 500);

    static TempFolder DemoCache()
    {
        var cache = new TempFolder();
        foreach ((string path, byte[] bytes) in DemoModels.Files)
        {
            cache.Write(bytes, path.Split('/'));
        }

        return cache;
    }

    static async Task<ServedProgram> ServeAsync(StandInHub hub, TempFolder cache) => await ServedProgram.StartAsync(
        cache.Path, [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on"), ("MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT", "8000000"),
        ("HF_HUB_DOWNLOAD_TIMEOUT", "600")]);

    static async Task<string> EmbedAsync(ServedProgram daemon)
    {
        await using var client = new MlClient(new MlClientOptions { SocketPath = daemon.Socket });
        try
        {
            return (await client.EmbedAsync(Name, Picture)).Clip is null ? "nothing" : "ok";
        }
        catch (MlErrorException e)
        {
            return $"{e.Code.Name}{(e.Error.RetryAfterMs is null ? "" : " later")}";
        }
    }

    /// <summary>The hub holds the model back until it is told.</summary>
    static TaskCompletionSource Hold(StandInHub hub)
    {
        var held = new TaskCompletionSource();
        hub.Before = async (asked, _) =>
        {
            if (asked.Target.EndsWith(ModelFile))
            {
                await held.Task;
            }

            return false;
        };
        return held;
    }

    [Test]
    public async Task A_quarter_of_the_memory_for_frames_waits_the_rest_is_told_at_once_and_loaded_models_answer()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using TempFolder cache = DemoCache();
        TaskCompletionSource held = Hold(hub);
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Task<string>[] asked = [.. Enumerable.Range(0, 12).Select(_ => EmbedAsync(daemon))];
        await Patience.UntilAsync(() => asked.Count(one => one.IsCompleted) == 10);
        foreach (Task<string> one in asked.Where(one => one.IsCompleted))
        {
            await Assert.That(await one).IsEqualTo("model_unavailable later");
        }

        await using (var client = new MlClient(new MlClientOptions { SocketPath = daemon.Socket }))
        {
            await Assert.That((await client.EmbedAsync(DemoModels.Name, Picture)).Clip).IsNotNull();
        }

        held.SetResult();
        string[] told = await Task.WhenAll(asked).Within();
        await Assert.That(told.Count(one => one == "ok")).IsEqualTo(2);
        await Assert.That(await EmbedAsync(daemon)).IsEqualTo("ok");
    }

    [Test]
    public async Task Who_waits_for_a_download_is_told_that_the_daemon_is_stopping()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using TempFolder cache = DemoCache();
        TaskCompletionSource held = Hold(hub);
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Task<string>[] asked = [EmbedAsync(daemon), EmbedAsync(daemon)];
        await Patience.UntilAsync(() => hub.Asked.Any(one => one.Target.EndsWith(ModelFile)));
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        daemon.Terminate();
        foreach (Task<string> one in asked)
        {
            await Assert.That(await one.Within()).IsEqualTo("shutting_down");
        }

        held.SetResult();
        await Assert.That((await daemon.EndAsync()).ExitCode).IsEqualTo(0);
    }

    [Test]
    public async Task The_fetcher_gets_none_of_the_daemons_open_files()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using TempFolder cache = DemoCache();
        using var folder = new TempFolder();
        string handed = folder.Write([1], "handed-over");
        TaskCompletionSource held = Hold(hub);
        await using ServedProgram daemon = await ServedProgram.StartThroughAsync(
            ["sh", "-c", $"exec 9<'{handed}'; exec \"$@\"", "sh"], cache.Path,
            [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on")]);
        await Assert.That(Holders(handed)).Contains(daemon.ProcessId);
        Task<string> asked = EmbedAsync(daemon);
        await Patience.UntilAsync(() => hub.Asked.Any(one => one.Target.EndsWith(ModelFile)));
        await Assert.That(Holders(handed).Single()).IsEqualTo(daemon.ProcessId);
        held.SetResult();
        await Assert.That(await asked.Within()).IsEqualTo("ok");
    }

    /// <summary>Processes that have a file open.</summary>
    static List<int> Holders(string file)
    {
        var holders = new List<int>();
        foreach (string process in Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                if (Directory.GetFileSystemEntries(Path.Combine(process, "fd")).Any(link => new FileInfo(link).LinkTarget == file))
                {
                    holders.Add(int.Parse(Path.GetFileName(process)));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is not ours.
            }
        }

        return holders;
    }
}
