namespace ImmichMl.Tests.Fetch;

/// <summary>The real immich-ml-fetch against a hub on loopback, by way of 'models pull'.</summary>
public sealed class FetchTests
{
    const string Name = "ViT-B-32__openai";

    static byte[] Bytes(int count, byte seed) => [.. Enumerable.Range(0, count).Select(i => (byte)((i * 31 + (i >> 8) * 7 + seed) & 255))];

    static StandInHub Hub()
    {
        var hub = new StandInHub();
        hub.Files["config.json"] = Bytes(100, 1);
        hub.Files["visual/model.onnx"] = Bytes(3_000_000, 2);
        hub.Files["visual/preprocess_cfg.json"] = Bytes(200, 3);
        hub.Files["visual/weights_data"] = Bytes(500_000, 4);
        hub.Files["visual/model.armnn"] = Bytes(50, 5);
        hub.Files["textual/model.onnx"] = Bytes(700_000, 6);
        hub.Files["textual/tokenizer.json"] = Bytes(3000, 7);
        return hub;
    }

    static Task<Finished> PullAsync(StandInHub hub, TempFolder cache, string name = Name) =>
        ChildProgram.RunAsync(["models", "pull", name], hub.Settings(cache));

    static async Task CompareAsync(StandInHub hub, TempFolder cache, Finished pulled)
    {
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        foreach ((string path, byte[] bytes) in hub.Files.Where(file => !file.Key.EndsWith(".armnn", StringComparison.Ordinal)))
        {
            byte[] came = await File.ReadAllBytesAsync(cache.File("clip", Name, path));
            await Assert.That(came.AsSpan().SequenceEqual(bytes)).IsTrue().Because(path);
        }

        await Assert.That(File.Exists(cache.File("clip", Name, "visual", "model.armnn"))).IsFalse();
        await Assert.That(Directory.EnumerateFiles(cache.File(".partial"), "*.part", SearchOption.AllDirectories)).IsEmpty();
    }

    [Test]
    public async Task A_model_comes_whole_and_in_the_layout_of_the_cache_and_is_not_fetched_twice()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
        int asked = hub.Asked.Count;
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
        await Assert.That(hub.Asked.Count).IsEqualTo(asked);
        await Assert.That((await ChildProgram.RunAsync(["models", "verify"], hub.Settings(cache))).ExitCode).IsEqualTo(0);
        cache.Write(Bytes(3_000_000, 9), "clip", Name, "visual", "model.onnx");
        Finished verified = await ChildProgram.RunAsync(["models", "verify", Name], hub.Settings(cache));
        await Assert.That((verified.ExitCode, verified.Output.Contains("other bytes"))).IsEqualTo((3, true));
    }

    [Test]
    [Arguments("429 Too Many Requests")]
    [Arguments("503 Service Unavailable")]
    public async Task What_is_refused_for_now_is_asked_again(string status)
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        var refused = new HashSet<string>();
        hub.Before = async (asked, peer) =>
        {
            lock (refused)
            {
                if (!refused.Add(asked.Target))
                {
                    return false;
                }
            }

            await StandInHub.WriteHeadAsync(peer, status, "Retry-After: 0", "Content-Length: 0");
            return true;
        };
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
    }

    [Test]
    public async Task A_cut_connection_is_continued_where_it_was_cut()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) => await CutAsync(hub, asked, peer, "visual/model.onnx", 1_000_000);
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
        await Assert.That(hub.Asked.Any(asked => asked.Target.EndsWith("visual/model.onnx") && asked.From > 0)).IsTrue();
    }

    [Test]
    public async Task Wrong_bytes_never_land_in_the_cache()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        hub.Listing = hub.TrueListing();
        hub.Files["visual/model.onnx"] = Bytes(3_000_000, 99);
        Finished pulled = await PullAsync(hub, cache);
        await Assert.That((pulled.ExitCode, Directory.Exists(cache.File("clip", Name, "visual")))).IsEqualTo((1, false))
            .Because(pulled.Errors);
        hub.Files["visual/model.onnx"] = Bytes(3_000_001, 2);
        await Assert.That(((await PullAsync(hub, cache)).ExitCode, Directory.Exists(cache.File("clip", Name, "visual"))))
            .IsEqualTo((1, false));
    }

    [Test]
    public async Task The_token_does_not_follow_a_redirect_to_another_host()
    {
        await using StandInHub hub = Hub();
        await using StandInHub other = Hub();
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            if (asked.Target.StartsWith("/api/"))
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "302 Found", $"Location: {other.Address}{asked.Target}", "Content-Length: 0");
            return true;
        };
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
        await Assert.That(hub.Asked.All(asked => asked.HasToken)).IsTrue();
        await Assert.That(other.Asked.IsEmpty || other.Asked.Any(asked => asked.HasToken)).IsFalse();
    }

    [Test]
    [Arguments("../../escape")]
    [Arguments("/etc/escape")]
    [Arguments("visual/../../escape")]
    public async Task A_listing_that_leads_out_of_the_folder_is_refused(string path)
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        hub.Listing = hub.TrueListing().Replace("visual/weights_data", path);
        await Assert.That((await PullAsync(hub, cache)).ExitCode).IsEqualTo(1);
        await Assert.That(Directory.Exists(cache.File("clip"))).IsFalse();
    }

    [Test]
    public async Task Offline_nothing_is_asked_and_the_exit_code_is_3()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        foreach (string setting in new[] { "HF_HUB_OFFLINE=1", "MACHINE_LEARNING_DOWNLOAD=off" })
        {
            Finished pulled = await ChildProgram.RunAsync(
                ["models", "pull", Name], [.. hub.Settings(cache), (setting.Split('=')[0], setting.Split('=')[1])]);
            await Assert.That((pulled.ExitCode, pulled.Errors.Contains("offline"), hub.Asked.Count)).IsEqualTo((3, true, 0));
        }
    }

    [Test]
    public async Task An_unknown_name_is_told_its_neighbours()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        Finished pulled = await PullAsync(hub, cache, "ViT-B32_openai");
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains(Name))).IsEqualTo((2, true)).Because(pulled.Errors);
    }

    [Test]
    public async Task What_is_exported_here_can_be_imported_there()
    {
        await using StandInHub hub = Hub();
        using var cache = new TempFolder();
        using var there = new TempFolder();
        await CompareAsync(hub, cache, await PullAsync(hub, cache));
        string tar = there.File("model.tar");
        Finished exported = await ChildProgram.RunAsync(["models", "export", Name, "-o", tar], hub.Settings(cache));
        await Assert.That(exported.ExitCode).IsEqualTo(0).Because(exported.Errors);
        Finished imported = await ChildProgram.RunAsync(["models", "import", tar], hub.Settings(there));
        await CompareAsync(hub, there, imported);
        Finished removed = await ChildProgram.RunAsync(["models", "rm", Name], hub.Settings(there));
        await Assert.That((removed.ExitCode, Directory.Exists(there.File("clip", Name)))).IsEqualTo((0, false)).Because(removed.Errors);
    }

    static async Task<bool> CutAsync(StandInHub hub, HubAsked asked, NetworkStream peer, string path, int after)
    {
        if (!asked.Target.EndsWith(path) || asked.From > 0)
        {
            return false;
        }

        await StandInHub.WriteHeadAsync(peer, "200 OK", $"Content-Length: {hub.Files[path].Length}");
        await peer.WriteAsync(hub.Files[path].AsMemory(0, after));
        return true;
    }
}
