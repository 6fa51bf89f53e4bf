namespace ImmichMl.Tests.Fetch;

/// <summary>immich-ml-fetch as a service: on a socket that it inherits, for the daemon that may not reach the network itself.</summary>
public sealed class ActivationTests
{
    const string Name = "ViT-B-32__openai";

    [Test]
    public async Task A_name_goes_in_and_progress_and_the_end_come_out()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(cache.Path, hub.Settings(cache));
        string[] lines = await fetcher.AskAsync($"fetch clip visual {Name}\n");
        await Assert.That(lines.Last()).IsEqualTo("done").Because(string.Join('\n', lines));
        await Assert.That(lines.SkipLast(1).All(line => line.StartsWith("progress "))).IsTrue();
        await Assert.That((await File.ReadAllBytesAsync(cache.File("clip", Name, "visual", "model.onnx"))).AsSpan()
            .SequenceEqual(hub.Files["visual/model.onnx"])).IsTrue();
        await Assert.That(Directory.Exists(cache.File("clip", Name, "textual"))).IsFalse();
    }

    [Test]
    [Arguments("fetch clip visual no-such-model\n", "failed 2 ")]
    [Arguments("fetch clip visual http://127.0.0.1/x/../../etc/passwd\n", "failed 2 ")]
    [Arguments("fetch clip visual ../../../etc\n", "failed 2 ")]
    [Arguments("fetch clip sideways x\n", "failed 2 ")]
    [Arguments("remove clip visual x\n", "failed 2 ")]
    [Arguments("GET / HTTP/1.1\n", "failed 2 ")]
    [Arguments("\n", "failed 2 ")]
    public async Task Everything_but_a_name_of_the_catalogue_is_refused(string request, string answer)
    {
        await using var hub = new StandInHub();
        using var cache = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(cache.Path, hub.Settings(cache));
        string[] lines = await fetcher.AskAsync(request);
        await Assert.That(lines.Length).IsEqualTo(1);
        await Assert.That(lines[0]).StartsWith(answer);
        await Assert.That(hub.Asked).IsEmpty();
        await Assert.That(Directory.EnumerateFileSystemEntries(cache.Path)).IsEmpty();
    }

    [Test]
    public async Task A_request_without_an_end_is_cut_off_and_the_next_one_is_served()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(cache.Path, hub.Settings(cache));
        await Assert.That((await fetcher.AskAsync(new string('x', 1024)))[0]).StartsWith("failed 2 ");
        await using NetworkStream silent = await fetcher.SayAsync("fetch clip");
        await Assert.That((await fetcher.AskAsync($"fetch clip visual {Name}\n")).Last()).IsEqualTo("done");
    }

    [Test]
    public async Task Who_hangs_up_stops_the_download_and_who_asks_again_goes_on_with_it()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        hub.Files["visual/model.onnx"] = new byte[2_000_000];
        using var cache = new TempFolder();
        var held = new TaskCompletionSource();
        hub.Before = async (asked, peer) =>
        {
            if (asked.From > 0 || !asked.Target.EndsWith("visual/model.onnx"))
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Length: 2000000");
            await peer.WriteAsync(new byte[1_000_000]);
            await held.Task;
            return true;
        };
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(
            cache.Path, [.. hub.Settings(cache), ("HF_HUB_DOWNLOAD_TIMEOUT", "600")]);
        await using (NetworkStream asking = await fetcher.SayAsync($"fetch clip visual {Name}\n"))
        {
            await Patience.UntilAsync(() => PartOf(cache) == 1_000_000);
        }

        await Assert.That((await fetcher.AskAsync($"fetch clip visual {Name}\n")).Last()).IsEqualTo("done");
        held.SetResult();
        await Assert.That(hub.Asked.Any(asked => asked.From == 1_000_000)).IsTrue();
    }

    [Test]
    public async Task The_token_may_be_a_credential_of_the_service()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var credentials = new TempFolder();
        credentials.Write("hf_secret\n"u8, "hf-token");
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(
            cache.Path, [.. hub.Settings(cache), ("HF_TOKEN", null), ("CREDENTIALS_DIRECTORY", credentials.Path)]);
        await Assert.That((await fetcher.AskAsync($"fetch clip visual {Name}\n")).Last()).IsEqualTo("done");
        await Assert.That(hub.Asked.All(asked => asked.HasToken)).IsTrue();
    }

    [Test]
    public async Task It_ends_when_nobody_has_asked_for_a_while()
    {
        using var cache = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(cache.Path, ("IMMICH_ML_FETCH_IDLE", "0.3"));
        await Assert.That(await fetcher.EndAsync()).IsEqualTo(0);
    }

    [Test]
    public async Task A_daemon_that_is_asked_for_a_missing_model_gets_it_through_the_socket_and_answers()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(cache.Path, hub.Settings(cache));

        // The daemon itself knows no hub: what comes can only have come through the socket.
        await using ServedProgram daemon = await ServedProgram.StartAsync(
            cache.Path, ("MACHINE_LEARNING_DOWNLOAD", "on"), ("IMMICH_ML_FETCH_SOCKET", fetcher.Socket),
            ("HF_ENDPOINT", "http://127.0.0.1:9"));
        Finished embedded = await daemon.AskAsync("embed", "--model", Name, "--text", "a red square", "--json");
        await Assert.That(embedded.ExitCode).IsEqualTo(0).Because(embedded.Errors);
        using var answer = JsonDocument.Parse(embedded.Output);
        await Assert.That(File.Exists(cache.File("clip", Name, "textual", "model.onnx"))).IsTrue();
        await Assert.That(hub.Asked.IsEmpty).IsFalse();
    }

    [Test]
    public async Task A_fetcher_for_another_cache_is_found_out()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var other = new TempFolder();
        await using ActivatedFetcher fetcher = await ActivatedFetcher.StartAsync(other.Path, [.. hub.Settings(other)]);
        await using ServedProgram daemon = await ServedProgram.StartAsync(
            cache.Path, ("MACHINE_LEARNING_DOWNLOAD", "on"), ("IMMICH_ML_FETCH_SOCKET", fetcher.Socket));
        Finished embedded = await daemon.AskAsync("embed", "--model", Name, "--text", "a red square");
        await Assert.That((embedded.ExitCode, embedded.Errors.Contains("another cache"))).IsEqualTo((3, true)).Because(embedded.Errors);
    }

    static long PartOf(TempFolder cache) => !Directory.Exists(cache.File(".partial")) ? 0
        : Directory.EnumerateFiles(cache.File(".partial"), "model.onnx.*.part", SearchOption.AllDirectories)
        .Select(file => new FileInfo(file).Length).FirstOrDefault();
}
