namespace ImmichMl.Tests.Fetch;

/// <summary>A model that will not load: fetched once more when it was fetched in the first place, and never again and again.</summary>
public sealed class UnusableModelTests
{
    const string Name = "ViT-B-32__openai";
    const string ModelFile = "textual/model.onnx";

    static async Task<ServedProgram> ServeAsync(StandInHub hub, TempFolder cache, params (string, string?)[] settings) =>
        await ServedProgram.StartAsync(cache.Path, [.. hub.Settings(cache), ("MACHINE_LEARNING_DOWNLOAD", "on"), .. settings]);

    static Task<Finished> EmbedAsync(ServedProgram daemon) => daemon.AskAsync("embed", "--model", Name, "--text", "a red square", "--json");

    static async Task PullAsync(StandInHub hub, TempFolder cache)
    {
        Finished pulled = await ChildProgram.RunAsync(["models", "pull", Name], hub.Settings(cache));
        await Assert.That(pulled.ExitCode).IsEqualTo(0).Because(pulled.Errors);
        hub.Asked.Clear();
    }

    static int Fetches(StandInHub hub) => hub.Asked.Count(asked => asked.Target.EndsWith(ModelFile, StringComparison.Ordinal));

    static async Task<bool> IsTrueCopyAsync(StandInHub hub, TempFolder cache) =>
        (await File.ReadAllBytesAsync(cache.File("clip", Name, ModelFile))).AsSpan().SequenceEqual(hub.Files[ModelFile]);

    public enum Damage
    {
        Garbage,
        Truncated,
        Empty,
        NoTokenizer,
        FolderForTokenizer,
        FolderForModel,
        FileForFolder,
        FileForModelsFolder,
    }

    static void Do(Damage damage, TempFolder cache)
    {
        string folder = cache.File("clip", Name, "textual");
        string model = Path.Combine(folder, "model.onnx");
        string tokenizer = Path.Combine(folder, "tokenizer.json");
        switch (damage)
        {
            case Damage.Garbage:
                File.WriteAllBytes(model, [.. Enumerable.Repeat((byte)0xAB, 5000)]);
                break;
            case Damage.Truncated:
                File.WriteAllBytes(model, File.ReadAllBytes(model)[..^1000]);
                break;
            case Damage.Empty:
                File.WriteAllBytes(model, []);
                break;
            case Damage.NoTokenizer:
                File.Delete(tokenizer);
                break;
            case Damage.FolderForTokenizer:
                File.Delete(tokenizer);
                Directory.CreateDirectory(Path.Combine(tokenizer, "inside"));
                break;
            case Damage.FolderForModel:
                File.Delete(model);
                Directory.CreateDirectory(Path.Combine(model, "inside"));
                break;
            case Damage.FileForFolder:
                Directory.Delete(folder, recursive: true);
                File.WriteAllText(folder, "a file");
                break;
            case Damage.FileForModelsFolder:
                Directory.Delete(cache.File("clip", Name), recursive: true);
                File.WriteAllText(cache.File("clip", Name), "a file");
                break;
        }
    }

    [Test]
    [Arguments(Damage.Garbage)]
    [Arguments(Damage.Truncated)]
    [Arguments(Damage.Empty)]
    [Arguments(Damage.NoTokenizer)]
    [Arguments(Damage.FolderForTokenizer)]
    [Arguments(Damage.FolderForModel)]
    [Arguments(Damage.FileForFolder)]
    [Arguments(Damage.FileForModelsFolder)]
    public async Task What_was_fetched_and_got_damaged_is_fetched_once_more_and_answers(Damage damage)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        Do(damage, cache);
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Finished embedded = await EmbedAsync(daemon);
        await Assert.That(embedded.ExitCode).IsEqualTo(0).Because(embedded.Errors);
        await Assert.That((Fetches(hub), await IsTrueCopyAsync(hub, cache))).IsEqualTo((1, true));
    }

    [Test]
    public async Task Cut_external_weights_are_fetched_once_more()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        var weights = new byte[3 * 512 * sizeof(float)];
        hub.Files["visual/model.onnx"] = new OnnxGraph("external")
            .Input("image", OnnxType.Float, 1, 3, 64, 64)
            .Output("embedding", OnnxType.Float, 1, 512)
            .Initializer("weights", OnnxTensor.External([3, 512], "model.onnx_data"))
            .Node("GlobalAveragePool", ["image"], ["means"])
            .Node("Flatten", ["means"], ["flat"], OnnxAttribute.Int("axis", 1))
            .Node("MatMul", ["flat", "weights"], ["embedding"])
            .ToModel();
        hub.Files["visual/model.onnx_data"] = weights;
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        cache.Write(weights.AsSpan(0, 100), "clip", Name, "visual", "model.onnx_data");
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Finished loaded = await daemon.AskAsync("load", "clip", "visual", Name);
        await Assert.That(loaded.ExitCode).IsEqualTo(0).Because(loaded.Errors);
        await Assert.That(new FileInfo(cache.File("clip", Name, "visual", "model.onnx_data")).Length).IsEqualTo(weights.Length);
    }

    [Test]
    public async Task What_the_hub_has_only_broken_is_fetched_once_then_unusable_and_not_fetched_again()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        hub.Files[ModelFile] = [.. Enumerable.Repeat((byte)0xAB, 5000)];
        using var cache = new TempFolder();
        await using (ServedProgram daemon = await ServeAsync(hub, cache))
        {
            Finished[] asked = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => EmbedAsync(daemon)));
            foreach (Finished embedded in asked)
            {
                await Assert.That((embedded.ExitCode, embedded.Errors.Contains("will not load"))).IsEqualTo((3, true))
                    .Because(embedded.Errors);
            }

            await Assert.That(Fetches(hub)).IsEqualTo(1);
            await EmbedAsync(daemon);
            await Assert.That(Fetches(hub)).IsEqualTo(1);
        }

        // A daemon that starts anew, perhaps again and again, does not fetch it either.
        await using ServedProgram second = await ServeAsync(hub, cache);
        await Assert.That((await EmbedAsync(second)).Errors).Contains("model_unusable");
        await Assert.That(Fetches(hub)).IsEqualTo(1);
    }

    [Test]
    public async Task The_old_copy_stays_until_a_new_one_is_verified()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        byte[] broken = [.. Enumerable.Repeat((byte)0xAB, 5000)];
        cache.Write(broken, "clip", Name, "textual", "model.onnx");
        hub.Listing = hub.TrueListing();
        hub.Files[ModelFile] = new byte[hub.Files[ModelFile].Length];
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Finished embedded = await EmbedAsync(daemon);
        await Assert.That((embedded.ExitCode, embedded.Errors.Contains("model_unusable"))).IsEqualTo((3, true)).Because(embedded.Errors);
        await Assert.That(embedded.Errors).Contains("once more");
        await Assert.That((await File.ReadAllBytesAsync(cache.File("clip", Name, ModelFile))).AsSpan().SequenceEqual(broken)).IsTrue();
        int asked = hub.Asked.Count;
        await EmbedAsync(daemon);
        await Assert.That(hub.Asked.Count).IsEqualTo(asked);
    }

    [Test]
    [Arguments("HF_HUB_OFFLINE", "1")]
    [Arguments("MACHINE_LEARNING_DOWNLOAD", "off")]
    public async Task Without_a_network_it_is_left_as_it_is(string setting, string value)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await PullAsync(hub, cache);
        Do(Damage.Truncated, cache);
        await using ServedProgram daemon = await ServeAsync(hub, cache, (setting, value));
        await Assert.That((await EmbedAsync(daemon)).Errors).Contains("model_unusable");
        await Assert.That((hub.Asked.Count, File.Exists(cache.File("clip", Name, ModelFile)))).IsEqualTo((0, true));
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task What_the_user_made_or_imported_is_never_touched(bool imported)
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var own = new TempFolder();
        string folder = (imported ? own : cache).File("clip", Name, "textual");
        Directory.CreateDirectory(folder);
        byte[] broken = [.. Enumerable.Repeat((byte)0xAB, 5000)];
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), broken);
        if (imported)
        {
            Finished import = await ChildProgram.RunAsync(["models", "import", own.Path], hub.Settings(cache));
            await Assert.That(import.ExitCode).IsEqualTo(0).Because(import.Errors);
        }

        await using ServedProgram daemon = await ServeAsync(hub, cache);
        await Assert.That((await EmbedAsync(daemon)).Errors).Contains("model_unusable");
        await Assert.That(hub.Asked.Count).IsEqualTo(0);
        await Assert.That((await File.ReadAllBytesAsync(cache.File("clip", Name, ModelFile))).AsSpan().SequenceEqual(broken)).IsTrue();
        Finished verified = await ChildProgram.RunAsync(["models", "verify", Name], hub.Settings(cache));
        await Assert.That(verified.ExitCode).IsEqualTo(imported ? 0 : 3).Because(verified.Output);
    }

    [Test]
    public async Task What_lay_in_the_way_without_a_record_is_kept_aside()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        cache.Write("precious"u8, "clip", Name, "textual", "notes.txt");
        await PullAsync(hub, cache);
        await Assert.That(Directory.EnumerateFiles(cache.File(".aside"), "notes.txt", SearchOption.AllDirectories).Count()).IsEqualTo(1);
        await Assert.That(await IsTrueCopyAsync(hub, cache)).IsTrue();
    }

    [Test]
    public async Task A_model_that_is_preloaded_is_fetched_first()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        await using ServedProgram daemon = await ServeAsync(hub, cache, ("MACHINE_LEARNING_PRELOAD__CLIP__TEXTUAL", Name));
        Finished listed = await daemon.AskAsync("models", "--json");
        using var models = JsonDocument.Parse(listed.Output);
        await Assert.That(models.RootElement.EnumerateArray()
            .Single(model => model.GetProperty("modelName").GetString() == Name && model.GetProperty("type").GetString() == "textual")
            .GetProperty("state").GetString()).IsEqualTo("loaded");
    }

    [Test]
    public async Task A_damaged_picture_starts_no_download()
    {
        await using StandInHub hub = StandInHub.WithDemoClip();
        using var cache = new TempFolder();
        using var folder = new TempFolder();
        await using ServedProgram daemon = await ServeAsync(hub, cache);
        Finished refused = await daemon.AskAsync("embed", "--model", Name, folder.Write([1, 2, 3], "broken.jpg"));
        await Assert.That(refused.ExitCode).IsEqualTo(2).Because(refused.Errors);
        Finished lacking = await daemon.AskAsync(
            "predict", "--tasks", """{"facial-recognition":{"recognition":{"modelName":"buffalo_l"}}}""", folder.Write(
                TestPicture.Bmp(8, 8), "good.bmp"));
        await Assert.That(lacking.ExitCode).IsEqualTo(2).Because(lacking.Errors);
        await Assert.That(hub.Asked).IsEmpty();
        await Assert.That(Directory.EnumerateFileSystemEntries(cache.Path)).IsEmpty();
    }
}
