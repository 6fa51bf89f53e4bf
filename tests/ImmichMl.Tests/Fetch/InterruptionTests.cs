namespace ImmichMl.Tests.Fetch;

/// <summary>Downloads that are cut short, slowed down or led astray, against the real program.</summary>
public sealed class InterruptionTests
{
    const string Name = "ViT-B-32__openai";
    const string ModelFile = "visual/model.onnx";

    static StandInHub Hub(int bytes)
    {
        StandInHub hub = StandInHub.WithDemoClip();
        var random = new Lcg(7);
        hub.Files[ModelFile] = [.. Enumerable.Range(0, bytes).Select(_ => (byte)random.Next(256))];
        return hub;
    }

    static Process Fetch(StandInHub hub, TempFolder cache)
    {
        string[] program = ChildProgram.Locate("immich-ml-fetch");
        var start = new ProcessStartInfo(program[0], [.. program[1..], cache.Path, "clip", "visual", Name]) { RedirectStandardInput = true,
            RedirectStandardOutput = true };
        ChildProgram.Clean(start, [.. hub.Settings(cache), ("HF_HUB_DOWNLOAD_TIMEOUT", "600")]);
        return Process.Start(start)!;
    }

    static long PartOf(TempFolder cache) => !Directory.Exists(cache.File(".partial")) ? 0
        : Directory.EnumerateFiles(cache.File(".partial"), "model.onnx.*.part", SearchOption.AllDirectories)
        .Select(file => new FileInfo(file).Length).FirstOrDefault();

    static async Task<bool> IsTrueCopyAsync(StandInHub hub, TempFolder cache) =>
        (await File.ReadAllBytesAsync(cache.File("clip", Name, ModelFile))).AsSpan().SequenceEqual(hub.Files[ModelFile]);

    [Test]
    public async Task What_a_killed_process_left_is_gone_on_with()
    {
        await using StandInHub hub = Hub(4_000_000);
        using var cache = new TempFolder();
        var held = new TaskCompletionSource();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile) || asked.From > 0)
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Length: 4000000");
            await peer.WriteAsync(hub.Files[ModelFile].AsMemory(0, 2_500_000));
            await held.Task;
            return true;
        };
        using (Process killed = Fetch(hub, cache))
        {
            await Patience.UntilAsync(() => PartOf(cache) == 2_500_000);
            killed.Kill();
            await killed.WaitForExitAsync();
        }

        await Assert.That(Directory.Exists(cache.File("clip"))).IsFalse();
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        held.SetResult();
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That((await IsTrueCopyAsync(hub, cache), hub.Asked.Count(asked => asked.From == 2_500_000))).IsEqualTo((true, 1));
    }

    [Test]
    public async Task A_fetcher_whose_parent_is_gone_ends()
    {
        await using StandInHub hub = Hub(4_000_000);
        using var cache = new TempFolder();
        var held = new TaskCompletionSource();
        hub.Before = async (asked, _) =>
        {
            await held.Task;
            return true;
        };
        using Process fetch = Fetch(hub, cache);
        await Patience.UntilAsync(() => !hub.Asked.IsEmpty);
        fetch.StandardInput.Close();
        await fetch.WaitForExitAsync().Within();
        held.SetResult();
        await Assert.That(fetch.ExitCode).IsEqualTo(1);
    }

    [Test]
    public async Task A_slow_hub_is_waited_for_while_bytes_come()
    {
        await using StandInHub hub = Hub(40_000);
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile))
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Length: 40000");
            for (int at = 0; at < 40_000; at += 10_000)
            {
                await Task.Delay(TimeSpan.FromSeconds(0.8));
                await peer.WriteAsync(hub.Files[ModelFile].AsMemory(at, 10_000));
            }

            return true;
        };

        // Patience is 2 s without a byte; the whole takes longer.
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That((await IsTrueCopyAsync(hub, cache), hub.Asked.Count(asked => asked.Target.EndsWith(ModelFile))))
            .IsEqualTo((true, 1));
    }

    [Test]
    public async Task A_hub_that_falls_silent_is_asked_again_from_where_it_stopped()
    {
        await using StandInHub hub = Hub(40_000);
        using var cache = new TempFolder();
        var held = new TaskCompletionSource();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile) || asked.From > 0)
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Length: 40000");
            await peer.WriteAsync(hub.Files[ModelFile].AsMemory(0, 15_000));
            await held.Task;
            return true;
        };
        Finished pulled = await ChildProgram.RunAsync(
            ["models", "pull", Name], [.. hub.Settings(cache), ("HF_HUB_DOWNLOAD_TIMEOUT", "0.5")]);
        held.SetResult();
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That((await IsTrueCopyAsync(hub, cache), hub.Asked.Any(asked => asked.From == 15_000))).IsEqualTo((true, true));
    }

    [Test]
    public async Task Retry_After_is_waited_for()
    {
        await using StandInHub hub = Hub(40_000);
        using var cache = new TempFolder();
        long refused = 0;
        TimeSpan waited = default;
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.StartsWith("/api/") || waited != default)
            {
                return false;
            }

            if (refused != 0)
            {
                waited = TimeProvider.System.GetElapsedTime(refused);
                return false;
            }

            refused = TimeProvider.System.GetTimestamp();
            await StandInHub.WriteHeadAsync(peer, "429 Too Many Requests", "Retry-After: 2", "Content-Length: 0");
            return true;
        };
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That(waited).IsGreaterThanOrEqualTo(TimeSpan.FromSeconds(1.9));
    }

    [Test]
    [Arguments(-5)]
    [Arguments(5)]
    public async Task A_length_other_than_the_listings_never_lands(int more)
    {
        await using StandInHub hub = Hub(40_000);
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.EndsWith(ModelFile))
            {
                return false;
            }

            await StandInHub.WriteHeadAsync(peer, "200 OK", $"Content-Length: {40_000 + more}");
            byte[] bytes = [.. hub.Files[ModelFile], .. new byte[5]];
            await peer.WriteAsync(bytes.AsMemory(0, 40_000 + more));
            return true;
        };
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That((pulled.ExitCode, Directory.Exists(cache.File("clip", Name, "visual")))).IsEqualTo((1, false))
            .Because(pulled.Errors);
    }

    [Test]
    public async Task A_listing_in_pages_is_read_to_its_end_and_stays_on_its_host()
    {
        await using StandInHub hub = Hub(40_000);
        using var cache = new TempFolder();
        string[] entries = hub.TrueListing()[1..^1].Split("},{")
            .Select(entry => "{" + entry.Trim('{', '}') + (entry.Contains("lfs") ? "}}" : "}")).ToArray();
        hub.Before = async (asked, peer) =>
        {
            if (!asked.Target.StartsWith("/api/"))
            {
                return false;
            }

            int page = asked.Target.Contains("cursor=") ? int.Parse(asked.Target[(asked.Target.IndexOf("cursor=") + 7)..]) : 0;
            byte[] body = System.Text.Encoding.UTF8.GetBytes($"[{entries[page]}]");
            string[] next = page + 1 < entries.Length
                ? [$"Link: <{hub.Address}/api/models/immich-app/{Name}/tree/main?recursive=true&cursor={page + 1}>; rel=\"next\""] : [];
            await StandInHub.WriteHeadAsync(peer, "200 OK", [$"Content-Length: {body.Length}", .. next]);
            await peer.WriteAsync(body);
            return true;
        };
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That(await IsTrueCopyAsync(hub, cache)).IsTrue();
    }

    [Test]
    public async Task OCR_models_that_have_the_catalogues_hash_come_into_the_layout_of_the_cache()
    {
        await using var hub = new StandInHub();
        using var cache = new TempFolder();
        byte[] model = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7))];
        hub.Before = async (asked, peer) =>
        {
            await StandInHub.WriteHeadAsync(peer, "200 OK", $"Content-Length: {model.Length}");
            await peer.WriteAsync(model);
            return true;
        };
        var kind = new ModelKind("ocr", "recognition");
        var catalog = new ModelCatalog([new CatalogEntry
        {
            Name = "XX__ocr", Task = "ocr", Types = ["recognition"],
            Files = [new CatalogFile("recognition", "http://ocr.invalid/rec.onnx", Convert.ToHexStringLower(SHA256.HashData(model)))],
        }]);
        var options = new HubOptions { Endpoint = hub.Address, OcrEndpoint = hub.Address };
        using var client = new HubClient(options);
        var models = new ModelOptions { CacheFolder = cache.Path };
        await new ModelDownload(models, options, catalog, new ModelStore(models, catalog), client, (_, _) => { })
            .RunAsync(new ModelKey(kind, "XX__ocr"), replace: false, CancellationToken.None);
        await Assert.That((await File.ReadAllBytesAsync(cache.File("ocr", "XX__ocr", "recognition", "model.onnx"))).AsSpan()
            .SequenceEqual(model)).IsTrue();
        await Assert.That(ModelRecord.Read(cache.File("ocr", "XX__ocr", "recognition"))!.Origin).IsEqualTo(ModelRecord.Fetched);
    }

    [Test]
    public async Task OCR_models_come_by_address_and_only_with_the_catalogues_hash()
    {
        await using var hub = new StandInHub();
        using var cache = new TempFolder();
        hub.Before = async (asked, peer) =>
        {
            await StandInHub.WriteHeadAsync(peer, "200 OK", "Content-Length: 1000");
            await peer.WriteAsync(new byte[1000]);
            return true;
        };
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", "CH__PP-OCRv5_mobile"], hub.Settings(cache));
        await Assert.That((pulled.ExitCode, pulled.Errors.Contains("digest"))).IsEqualTo((1, true)).Because(pulled.Errors);
        await Assert.That(Directory.Exists(cache.File("ocr"))).IsFalse();
        await Assert.That(hub.Asked.All(asked => asked.Target.EndsWith(".onnx"))).IsTrue();
    }
}
