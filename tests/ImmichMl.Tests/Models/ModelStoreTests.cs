namespace ImmichMl.Tests.Models;

public sealed class ModelStoreTests
{
    static readonly ModelCatalog Catalog = new();

    static ModelStore Store(TempFolder cache) => new(new ModelOptions { CacheFolder = cache.Path }, Catalog);

    [Test]
    [Arguments("clip", "visual", "ViT-B-32__openai", "clip/ViT-B-32__openai/visual")]
    [Arguments("clip", "textual", "immich-app/ViT-B-32::openai", "clip/ViT-B-32__openai/textual")]
    [Arguments("facial-recognition", "detection", "buffalo_l", "facial-recognition/buffalo_l/detection")]
    [Arguments("facial-recognition", "recognition", "buffalo_l", "facial-recognition/buffalo_l/recognition")]
    [Arguments("ocr", "detection", "PP-OCRv5_mobile", "ocr/PP-OCRv5_mobile/detection")]
    [Arguments("ocr", "recognition", "PP-OCRv5_mobile", "ocr/PP-OCRv5_mobile/recognition")]
    [Arguments("ocr", "detection", "LATIN__PP-OCRv5_mobile", "ocr/PP-OCRv5_mobile/detection")]
    [Arguments("ocr", "recognition", "LATIN__PP-OCRv5_mobile", "ocr/LATIN__PP-OCRv5_mobile/recognition")]
    [Arguments("clip", "visual", "a/../../../etc", "clip/etc/visual")]
    public async Task A_model_lies_where_Immich_puts_it(string task, string type, string name, string folder)
    {
        using var cache = new TempFolder();
        var key = new ModelKey(new ModelKind(task, type), name);
        await Assert.That(Store(cache).FolderOf(key)).IsEqualTo(cache.File(folder.Split('/')));
        cache.Write([1], [.. folder.Split('/'), "model.onnx"]);
        await Assert.That(Store(cache).Find(key)).IsEqualTo(cache.File(folder.Split('/')));
    }

    [Test]
    [Arguments("ViT-B-32__openai", ModelFault.Unavailable)]
    [Arguments("half-there", ModelFault.Unavailable)]
    [Arguments("not-there", ModelFault.Unknown)]
    [Arguments("buffalo_l", ModelFault.Unknown)]
    public async Task What_is_missing_is_unavailable_where_it_is_known_or_begun_and_unknown_elsewhere(string name, ModelFault fault)
    {
        using var cache = new TempFolder();
        cache.Write([1], "clip", "half-there", "config.json");
        ModelException? missing = await Assert.That(() => Store(cache)
            .Find(new ModelKey(ModelKind.ClipVisual, name))).Throws<ModelException>();
        await Assert.That(missing!.Fault).IsEqualTo(fault);
        await Assert.That(missing.Message).Contains(name);
    }

    [Test]
    public async Task The_list_has_every_model_of_the_catalogue_and_of_the_cache_once_with_its_bytes()
    {
        using var cache = new TempFolder();
        cache.Write(new byte[1000], "clip", "ViT-B-32__openai", "visual", "model.onnx");
        cache.Write(new byte[23], "clip", "ViT-B-32__openai", "visual", "preprocess_cfg.json");
        cache.Write(new byte[500], "clip", "my-own", "visual", "model.onnx");
        cache.Write(new byte[7], "clip", "my-own", "visual", "model.onnx_data");
        cache.Write(new byte[9], "clip", "no.name", "visual", "model.onnx");
        cache.Write(new byte[5], "clip", "without-model", "visual", "preprocess_cfg.json");
        cache.Write(new byte[40], "ocr", "PP-OCRv5_mobile", "detection", "model.onnx");

        var listed = Store(cache).List().ToDictionary(model => model.Key, model => model.Bytes);
        await Assert.That(listed[new(ModelKind.ClipVisual, "ViT-B-32__openai")]).IsEqualTo(1023);
        await Assert.That(listed[new(ModelKind.ClipTextual, "ViT-B-32__openai")]).IsEqualTo(0);
        await Assert.That(listed[new(ModelKind.ClipVisual, "my-own")]).IsEqualTo(507);
        await Assert.That(listed[new(ModelKind.TextDetection, "PP-OCRv5_mobile")]).IsEqualTo(40);
        await Assert.That(listed[new(ModelKind.TextDetection, "LATIN__PP-OCRv5_mobile")]).IsEqualTo(40);
        await Assert.That(listed[new(ModelKind.TextRecognition, "LATIN__PP-OCRv5_mobile")]).IsEqualTo(0);

        int known = ModelKind.All.Sum(kind => Catalog.NamesOf(kind.Task).Count);
        await Assert.That(listed.Count).IsEqualTo(known + 1).Because("my-own is the only one that the catalogue does not know");
    }

    [Test]
    public async Task A_cache_that_is_not_there_holds_nothing()
    {
        using var parent = new TempFolder();
        var store = new ModelStore(new ModelOptions { CacheFolder = parent.File("absent") }, Catalog);
        await Assert.That(store.List().Sum(model => model.Bytes)).IsEqualTo(0);
        await Assert.That(Directory.Exists(parent.File("absent"))).IsFalse();
    }
}
