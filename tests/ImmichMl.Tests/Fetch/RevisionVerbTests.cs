using ImmichMl.Tests.Models;

namespace ImmichMl.Tests.Fetch;

/// <summary>The verbs and the daemon on a cache with a model in two revisions.</summary>
public sealed class RevisionVerbTests
{
    const string Name = "ViT-B-32__openai";

    static Task<Finished> RunAsync(StandInHub hub, TempFolder cache, params string[] arguments) =>
        ChildProgram.RunAsync(["models", .. arguments], hub.Settings(cache));

    static async Task<string> DoAsync(StandInHub hub, TempFolder cache, params string[] arguments)
    {
        Finished done = await RunAsync(hub, cache, arguments);
        await Assert.That(done.ExitCode).IsEqualTo(0).Because(done.Output + done.Errors);
        return done.Output;
    }

    [Test]
    public async Task A_revision_is_pulled_from_the_hub_beside_the_other_one_and_each_verb_means_one_of_them()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        hub.Files["visual/model.safetensors"] = new byte[1234];
        using var cache = new TempFolder();
        await DoAsync(hub, cache, "pull", Name, "--revision", "v2");
        await Assert.That(hub.Asked.All(asked => asked.Target.StartsWith($"/immich-app/{Name}/resolve/v2/", StringComparison.Ordinal)
            || asked.Target.StartsWith($"/api/models/immich-app/{Name}/tree/v2?", StringComparison.Ordinal))).IsTrue();
        await Assert.That(new FileInfo(cache.File("clip", Name, "v2", "visual", "model.safetensors")).Length).IsEqualTo(1234);
        await Assert.That(ModelRecord.Read(cache.File("clip", Name, "v2", "visual"))!.Revision).IsEqualTo("v2");
        await Assert.That(Directory.Exists(cache.File("clip", Name, "visual"))).IsFalse();
        Finished absent = await RunAsync(hub, cache, "verify", Name);
        await Assert.That((absent.ExitCode, absent.Errors.Contains("in revision main; revision v2 is there"))).IsEqualTo((3, true))
            .Because(absent.Errors);

        await DoAsync(hub, cache, "pull", Name);
        await Assert.That(ModelRecord.Read(cache.File("clip", Name, "visual"))!.Revision).IsEqualTo("main");
        RevisionTests.Leave(cache, ["clip", Name]);
        string[] lines = (await DoAsync(hub, cache, "list", "--cache", cache.Path)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await Assert.That(lines.Length).IsEqualTo(4).Because(string.Join('\n', lines));
        await Assert.That(lines.Count(line => line.Contains("  main  ") && line.Contains("  cached"))).IsEqualTo(2);
        await Assert.That(lines.Count(line => line.Contains("  v2  ") && line.Contains("  not in force"))).IsEqualTo(2);
        using var listed = JsonDocument.Parse(await DoAsync(hub, cache, "list", "--cache", cache.Path, "--json"));
        await Assert.That(string.Join(' ', listed.RootElement.EnumerateArray().Where(one => one.GetProperty("type").GetString() == "visual")
            .Select(one => $"{one.GetProperty("revision")} {one.GetProperty("bytes")} {one.GetProperty("inForce")}")))
            .IsEqualTo($"main {SizeOf("visual") + 1234} True v2 {SizeOf("visual") + 1234} False");

        await Assert.That(await DoAsync(hub, cache, "verify", "--revision", "v2")).Contains("ok, fetched");
        await DoAsync(hub, cache, "rm", Name);
        await Assert.That(File.Exists(cache.File("clip", Name, "visual", "model.onnx"))).IsFalse();
        await Assert.That(File.Exists(cache.File("clip", Name, "v2", "config.json"))).IsTrue();
        long there = Directory.GetFiles(cache.File("clip"), "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        await Assert.That(await DoAsync(hub, cache, "rm", Name, "--revision", "v2")).IsEqualTo($"freed {ByteSize.Text(there)}\n");
        await Assert.That(Directory.Exists(cache.File("clip", Name))).IsFalse();
    }

    static long SizeOf(string type) => DemoModels.Files
        .Where(file => file.Key.StartsWith($"clip/{DemoModels.Name}/{type}/", StringComparison.Ordinal))
        .Sum(file => (long)file.Value.Length);

    [Test]
    public async Task What_is_exported_of_a_revision_is_imported_as_that_revision_without_what_the_service_left()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var other = new TempFolder();
        await DoAsync(hub, cache, "pull", Name, "--revision", "v2");
        RevisionTests.Leave(cache, ["clip", Name]);
        await DoAsync(hub, cache, "export", Name, "--revision", "v2", "-o", cache.File("model.tar"));
        await DoAsync(hub, cache, "import", cache.File("model.tar"), "--cache", other.Path);
        await Assert.That(string.Join(' ', Directory.EnumerateFiles(other.File("clip"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(other.File("clip", Name), file)).Order(StringComparer.Ordinal))).IsEqualTo(
            "v2/config.json v2/textual/.immich-ml.json v2/textual/model.onnx v2/textual/tokenizer.json v2/textual/tokenizer_config.json "
            + "v2/visual/.immich-ml.json v2/visual/model.onnx v2/visual/preprocess_cfg.json");
        await Assert.That(ModelRecord.Read(other.File("clip", Name, "v2", "visual"))!.Revision).IsEqualTo("v2");
        await Assert.That(await DoAsync(hub, other, "verify", Name, "--revision", "v2")).Contains("ok, imported");

        // The whole cache of a service: both revisions, and a detector that is a language's own.
        cache.Write([1], "ocr", "LATIN__PP-OCRv5_mobile", "detection", "model.onnx");
        cache.Write([1], "clip", Name, "visual", "model.onnx");
        await DoAsync(hub, other, "import", cache.Path);
        await Assert.That(File.Exists(other.File("clip", Name, "visual", "model.onnx"))).IsTrue();
        await Assert.That(File.Exists(other.File("ocr", "LATIN__PP-OCRv5_mobile", "detection", "model.onnx"))).IsTrue();
        await Assert.That(Directory.EnumerateFiles(other.File("clip"), "*.lock", SearchOption.AllDirectories)).IsEmpty();
    }

    [Test]
    public async Task OCR_of_another_revision_comes_from_the_hub_of_the_organisation_and_its_detector_is_shared()
    {
        await using var hub = new StandInHub();
        hub.Files["detection/model.onnx"] = [1, 2, 3];
        hub.Files["recognition/model.onnx"] = [4, 5, 6];
        hub.Files["recognition/charset.txt"] = [7];
        using var cache = new TempFolder();
        Finished pulled = await ChildProgram.RunAsync(
            ["models", "pull", "LATIN__PP-OCRv5_mobile", "--revision", "v2"],
            [.. hub.Settings(cache), ("MACHINE_LEARNING_MODEL_ORGANIZATION", "immich-testing")]);
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        await Assert.That(string.Join(' ', hub.Asked.Select(asked => asked.Target).Where(target => target.Contains("/resolve/"))
            .Order(StringComparer.Ordinal))).IsEqualTo(
            "/immich-testing/LATIN__PP-OCRv5_mobile/resolve/v2/recognition/charset.txt "
            + "/immich-testing/LATIN__PP-OCRv5_mobile/resolve/v2/recognition/model.onnx "
            + "/immich-testing/PP-OCRv5_mobile/resolve/v2/detection/model.onnx");
        await Assert.That(File.Exists(cache.File("ocr", "PP-OCRv5_mobile", "v2", "detection", "model.onnx"))).IsTrue();
        await Assert.That(File.Exists(cache.File("ocr", "LATIN__PP-OCRv5_mobile", "v2", "recognition", "charset.txt"))).IsTrue();
    }

    [Test]
    public async Task A_revision_that_is_no_name_is_bad_usage_and_one_that_the_hub_lacks_is_told_with_the_one_that_is_here()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        Finished refused = await RunAsync(hub, cache, "pull", Name, "--revision", "../v2");
        await Assert.That((refused.ExitCode, refused.Errors.Contains("--revision takes"))).IsEqualTo((2, true)).Because(refused.Errors);
        await Assert.That(hub.Asked).IsEmpty();

        await DoAsync(hub, cache, "pull", Name);
        hub.Before = async (asked, peer) =>
        {
            await StandInHub.WriteHeadAsync(peer, "404 Not Found", "Content-Length: 0");
            return true;
        };
        await using ServedProgram daemon = await ServedProgram.StartAsync(
            cache.Path, [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on"), ("MACHINE_LEARNING_MODEL_REVISION", "v2")]);
        Finished embedded = await daemon.AskAsync("embed", "--model", Name, "--text", "a red square");
        await Assert.That((embedded.ExitCode, embedded.Errors.Contains("404") && embedded.Errors.Contains("revision main is there")))
            .IsEqualTo((3, true)).Because(embedded.Errors);
    }

    [Test]
    public async Task The_daemon_fetches_and_serves_the_revision_in_force_amid_what_the_service_left()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        cache.Write("no model"u8, "clip", Name, "textual", "model.onnx");
        RevisionTests.Leave(cache, ["clip", Name]);
        await using ServedProgram daemon = await ServedProgram.StartAsync(
            cache.Path, [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on"), ("MACHINE_LEARNING_MODEL_REVISION", "v2")]);
        Finished embedded = await daemon.AskAsync("embed", "--model", Name, "--text", "a red square", "--json");
        await Assert.That(embedded.ExitCode).IsEqualTo(0).Because(embedded.Errors);
        await Assert.That(File.Exists(cache.File("clip", Name, "v2", "textual", "model.onnx"))).IsTrue();
        await Assert.That(await File.ReadAllTextAsync(cache.File("clip", Name, "textual", "model.onnx"))).IsEqualTo("no model");
    }
}
