namespace ImmichMl.Tests.Models;

/// <summary>Revisions of a model side by side in one cache, and what newer Immich leaves between them.</summary>
public sealed class RevisionTests
{
    static readonly ModelCatalog s_catalog = new();
    static readonly ModelKey s_clip = new(ModelKind.ClipVisual, "ViT-B-32__openai");

    static ModelStore Store(TempFolder cache, string revision) =>
        new(new ModelOptions { CacheFolder = cache.Path, Revision = revision }, s_catalog);

    [Test]
    [Arguments("main", "clip/ViT-B-32__openai/visual", "ViT-B-32__openai.visual")]
    [Arguments("v2", "clip/ViT-B-32__openai/v2/visual", "ViT-B-32__openai.v2.visual")]
    [Arguments("v2.1-rc_1", "clip/ViT-B-32__openai/v2.1-rc_1/visual", "ViT-B-32__openai.v2.1-rc_1.visual")]
    public async Task A_revision_but_main_has_a_folder_below_the_models(string revision, string folder, string ofLock)
    {
        using var cache = new TempFolder();
        ModelStore store = Store(cache, revision);
        await Assert.That(store.FolderOf(s_clip)).IsEqualTo(cache.File(folder.Split('/')));
        await Assert.That(store.PlaceOf(s_clip).LockName).IsEqualTo(ofLock);
        cache.Write([1], [.. folder.Split('/'), "model.onnx"]);
        await Assert.That(store.Find(s_clip)).IsEqualTo(cache.File(folder.Split('/')));
    }

    [Test]
    [Arguments("main", true)]
    [Arguments("v2", true)]
    [Arguments("2026.10_final-1", true)]
    [Arguments("3f1c0a9b6d2e4f708192a3b4c5d6e7f809182736", true)]
    [Arguments("..", false)]
    [Arguments(".v2", false)]
    [Arguments("-v2", false)]
    [Arguments("v2/x", false)]
    [Arguments("refs/pr/1", false)]
    [Arguments("v 2", false)]
    [Arguments("v2\n", false)]
    [Arguments("v2?x=1", false)]
    [Arguments("v²", false)]
    [Arguments("visual", false)]
    [Arguments("recognition", false)]
    [Arguments("openvino", false)]
    [Arguments("config.json", false)]
    [Arguments("a234567890123456789012345678901234567890123456789012345678901234", true)]
    [Arguments("a2345678901234567890123456789012345678901234567890123456789012345", false)]
    public async Task A_revisions_name_is_a_plain_folders_and_stands_for_nothing_else(string name, bool isTaken)
    {
        Settings settings = new Settings().Add("MACHINE_LEARNING_MODEL_REVISION", name);
        if (isTaken)
        {
            await Assert.That(settings.Read<ModelOptions>().Revision).IsEqualTo(name);
            return;
        }

        OperatorException? refused = await Assert.That(settings.Read<ModelOptions>).Throws<OperatorException>();
        await Assert.That(refused!.Message).Contains("MACHINE_LEARNING_MODEL_REVISION").And.Contains("branch, tag or commit");
    }

    [Test]
    [Arguments("immich-testing", true)]
    [Arguments("somebody", false)]
    [Arguments("immich-app/x", false)]
    public async Task Models_are_fetched_from_Immichs_own_organisations_alone(string organization, bool isTaken)
    {
        Settings settings = new Settings().Add("MACHINE_LEARNING_MODEL_ORGANIZATION", organization);
        OperatorException? refused = isTaken ? null : await Assert.That(settings.Read<HubOptions>).Throws<OperatorException>();
        await Assert.That(refused?.Message.Contains("MACHINE_LEARNING_MODEL_ORGANIZATION", StringComparison.Ordinal) ?? isTaken).IsTrue();
        await Assert.That(new HubOptions().Organization).IsEqualTo("immich-app");
    }

    [Test]
    [Arguments("v2", "main", "is not in the cache in revision v2; revision main is there.")]
    [Arguments("main", "v2", "is not in the cache in revision main; revision v2 is there.")]
    [Arguments("v3", "main v2", "is not in the cache in revision v3; revisions main, v2 are there.")]
    [Arguments("v2", "", "v2/visual/model.onnx is missing.")]
    public async Task A_revision_that_is_missing_is_told_with_those_that_are_there(string asked, string there, string told)
    {
        using var cache = new TempFolder();
        foreach (string revision in there.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            cache.Write([1], [.. new ModelPlace(s_clip.Kind, s_clip.Name, revision).Path.Split('/'), "model.onnx"]);
        }

        ModelException? missing = await Assert.That(() => Store(cache, asked).Find(s_clip)).Throws<ModelException>();
        await Assert.That(missing!.Fault).IsEqualTo(ModelFault.Unavailable);
        await Assert.That(missing.Message).EndsWith(told);
    }

    [Test]
    public async Task A_languages_detector_is_its_own_where_there_is_one_and_else_the_shared_one()
    {
        using var cache = new TempFolder();
        var latin = new ModelKey(ModelKind.TextDetection, "LATIN__PP-OCRv5_mobile");
        foreach (string revision in new[] { "main", "v2" })
        {
            ModelStore store = Store(cache, revision);
            ModelPlace own = store.PlaceOf(latin) with { Name = latin.Name }, shared = own with { Name = "PP-OCRv5_mobile" };
            await Assert.That(store.PlaceOf(latin)).IsEqualTo(shared);
            cache.Write([1], [.. own.Path.Split('/'), "model.onnx"]);
            await Assert.That(store.PlaceOf(latin)).IsEqualTo(own);
            cache.Write([1], [.. shared.Path.Split('/'), "model.onnx"]);
            await Assert.That(store.Find(latin)).IsEqualTo(cache.File(own.Path.Split('/')));
            File.Delete(cache.File([.. own.Path.Split('/'), "model.onnx"]));
            await Assert.That(store.Find(latin)).IsEqualTo(cache.File(shared.Path.Split('/')));
        }
    }

    [Test]
    public async Task Each_revision_is_listed_with_its_bytes_and_what_the_service_left_is_neither_model_nor_bytes()
    {
        using var cache = new TempFolder();
        string[] model = ["clip", "ViT-B-32__openai"];
        cache.Write(new byte[1000], [.. model, "visual", "model.onnx"]);
        cache.Write(new byte[500], [.. model, "v2", "visual", "model.onnx"]);
        cache.Write(new byte[70], [.. model, "v2", "visual", "model.safetensors"]);
        cache.Write(new byte[9], "clip", "my-own", "v2", "visual", "model.onnx");
        Leave(cache, model);

        var listed = Store(cache, "main").ListRevisions().Where(one => one.Bytes > 0)
            .Select(one => $"{one.Key} {one.Revision} {one.Bytes}").ToList();
        await Assert.That(string.Join('\n', listed)).IsEqualTo(
            "clip visual ViT-B-32__openai main 1000\nclip visual ViT-B-32__openai v2 570\nclip visual my-own v2 9");
        await Assert.That(Store(cache, "main").List().Count(one => one.Key.Name == "my-own")).IsEqualTo(0);
        await Assert.That(Store(cache, "v2").List().Single(one => one.Key == s_clip).Bytes).IsEqualTo(570);
        await Assert.That(string.Join(' ', CacheFiles.Below(cache.File([.. model, "v2", "visual"])).Select(file => file.Name)))
            .IsEqualTo("model.onnx model.safetensors");
    }

    [Test]
    [Arguments("clip/x/visual/model.onnx", true)]
    [Arguments("clip/x/v2/visual/model.onnx", true)]
    [Arguments("clip/x/v2/visual/model.safetensors", true)]
    [Arguments("clip/x/v2/config.json", true)]
    [Arguments("clip/x/config.json", true)]
    [Arguments("ocr/x/v2/recognition/charset.txt", true)]
    [Arguments("clip/x/v2/visual/rknpu/rk3588/res736/model.rknn", true)]
    [Arguments("clip/x/v2/v3/visual/model.onnx", false)]
    [Arguments("clip/x/main/visual/model.onnx", false)]
    [Arguments("clip/x/v2/detection/model.onnx", false)]
    [Arguments("clip/x/v2/visual", false)]
    [Arguments("clip/x/v2/visual/.immich-ml.json", false)]
    [Arguments("clip/x/model.lock", false)]
    [Arguments("clip/x/visual/model.lock", false)]
    [Arguments("clip/x/v2/visual/model.rw-0f3a.onnx", false)]
    [Arguments("clip/x/v2/visual/cpu/x86_64/batch1/model.onnx", false)]
    [Arguments("clip/x/visual/openvino/GPU/model_fp16.onnx", false)]
    [Arguments("clip/x/cpu/x86_64/batch1/model.onnx", false)]
    [Arguments("clip/x/cuda/visual/model.onnx", false)]
    public async Task A_file_of_a_model_is_told_from_what_lies_beside_it(string path, bool isOfModel) =>
        await Assert.That(CacheFiles.IsOfModel(path)).IsEqualTo(isOfModel);

    /// <summary>What a service of Immich 3.3 leaves in a model's folder, all of it larger than a model here.</summary>
    internal static void Leave(TempFolder cache, string[] model)
    {
        foreach (string path in new[]
        {
            "model.lock", "v2/model.lock", "visual/model.lock", "v2/visual/model.lock", "v2/visual/model.rw-0f3a.onnx",
            "visual/cpu/x86_64/batch1/model.onnx", "visual/cpu/x86_64/batch1/model.data", "visual/cpu/x86_64/batch1/manifest.json",
            "cpu/x86_64/batch1_height640_width640/model.onnx", "v2/cuda/sm90/model_fp16.onnx", "v2/visual/openvino/GPU/model.onnx",
            "v2/visual/migraphx/gfx1100/model.onnx", "v2/visual/model_fp16.onnx",
        })
        {
            cache.Write(new byte[3000], [.. model, .. path.Split('/')]);
        }
    }
}
