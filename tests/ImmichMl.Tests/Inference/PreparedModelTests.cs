namespace ImmichMl.Tests.Inference;

/// <summary>A prepared copy gives the same numbers, and where it is no good the model itself is loaded.</summary>
public sealed class PreparedModelTests
{
    const int Side = 8;
    const int Outputs = 22_001;

    internal static readonly ModelKey Key = new(ModelKind.ClipVisual, "large__model");

    /// <summary>A projection of 192 values onto many: 17 MB of weights that can be computed, and odd lengths between them.</summary>
    /// <param name="scale">Of the weights.</param>
    internal static TempFolder Cache(float scale = 1)
    {
        var cache = new TempFolder();
        float[] weights = [.. Values(3 * Side * Side * Outputs).Select(value => value * scale)];
        byte[] model = new OnnxGraph("large").Input("image", OnnxType.Float, 1, 3, Side, Side)
            .Output("embedding", OnnxType.Float, 1, Outputs)
            .Initializer("weights", OnnxTensor.Floats([3 * Side * Side, Outputs], weights))
            .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1))
            .Initializer("a", OnnxTensor.Floats([1, Outputs], Values(Outputs)))
            .Initializer("b", OnnxTensor.Floats([1, Outputs], Values(Outputs)))
            .Node("MatMul", ["flat", "weights"], ["product"])
            .Node("Add", ["product", "a"], ["sum"])
            .Node("Mul", ["sum", "b"], ["embedding"]).ToModel();
        cache.Write(model, "clip", Key.Name, "visual", "model.onnx");
        cache.Write("""{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray(), "clip", Key.Name, "visual",
            "preprocess_cfg.json");
        return cache;
    }

    static float[] Values(int count) => [.. Enumerable.Range(0, count).Select(i => ((i * 7919L) % 2003 / 1001f) - 1)];

    [Test]
    public async Task A_prepared_copy_takes_its_graph_of_own_memory_where_the_model_takes_all_its_files()
    {
        using TempFolder cache = Cache();
        var models = new ModelOptions { CacheFolder = cache.Path };
        var prepared = new PreparedModels(models, new RuntimeOptions { PrepareLeaveFree = 0 });
        var footprint = new ModelFootprint(new ModelStore(models, new ModelCatalog()), prepared);
        string source = SourceIn(cache);
        await Assert.That(footprint.Of(Key)).IsGreaterThanOrEqualTo(new FileInfo(source).Length);
        prepared.Prepare(Key, source);
        await Assert.That(footprint.Of(Key)).IsBetween(1, new FileInfo(source).Length / 10);
        await Assert.That(footprint.Of(new ModelKey(Key.Kind, "not_there"))).IsEqualTo(0);
    }

    [Test]
    public async Task A_prepared_copy_is_wanted_made_used_and_gives_the_same_numbers()
    {
        using TempFolder cache = Cache();
        var models = new ModelOptions { CacheFolder = cache.Path };
        var options = new RuntimeOptions { PrepareLeaveFree = 0, IntraOpThreads = 2 };
        var prepared = new PreparedModels(models, options);
        var store = new ModelStore(models, new ModelCatalog());
        bool wanted = false;
        prepared.Missing = (key, source) => wanted = prepared.Prepare(key, source) == PreparedModels.Made;
        float[] plain = Embed(store, new SessionFactory(options, prepared));
        await Assert.That(wanted).IsTrue();
        string copy = CopyIn(cache);
        await Assert.That(File.Exists(Path.Combine(copy, "weights.bin"))).IsTrue();
        await Assert.That(ExternalWeights.AreAligned(Path.Combine(copy, "model.onnx"))).IsTrue();
        prepared.Missing = (_, _) => throw new InvalidOperationException("It is there.");

        // The session that opens first sums up in another order; the packed ones, which follow, do as the plain model does.
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(
            Key, store, new SessionFactory(options, prepared), ImmichRules.Immich33.Clip);
        float[] first = Embed(encoder);
        await Assert.That(first.Zip(plain).All(pair => Math.Abs(pair.First - pair.Second) < 2e-5f)).IsTrue();
        for (int i = 0; i < 500 && !Embed(encoder).SequenceEqual(plain); i++)
        {
            await Task.Delay(10);
        }

        await Assert.That(Embed(encoder).SequenceEqual(plain)).IsTrue();
    }

    /// <summary>
    /// Size and time of the last writing stay: package managers set every time to the same second, and copying tools keep it.
    /// </summary>
    [Test]
    public async Task Other_weights_of_the_same_size_and_time_are_another_model()
    {
        using TempFolder cache = Cache();
        string source = SourceIn(cache);
        DateTime written = File.GetLastWriteTimeUtc(source);
        float[] before = Embed(cache, out _);
        byte[] other = await File.ReadAllBytesAsync(source);
        for (int i = other.Length / 2; i < (other.Length / 2) + 4_000_000; i += 4)
        {
            other[i + 3] ^= 0x80; // Signs.
        }

        await File.WriteAllBytesAsync(source, other);
        File.SetLastWriteTimeUtc(source, written);
        float[] after = Embed(cache, out PreparedModels prepared);
        float[] plain = Embed(Store(cache), new SessionFactory(new RuntimeOptions()));
        await Assert.That(after.Zip(plain).All(pair => Math.Abs(pair.First - pair.Second) < 2e-5f)).IsTrue();
        await Assert.That(after.Zip(before).All(pair => Math.Abs(pair.First - pair.Second) < 2e-5f)).IsFalse();
        await Assert.That(prepared.Find(Key, source)).IsNotNull();
    }

    [Test]
    [Arguments(false, 0L)]
    [Arguments(true, long.MaxValue)]
    public async Task No_copy_is_wanted_where_the_settings_say_so_or_the_disk_is_short(bool prepare, long leaveFree)
    {
        using TempFolder cache = Cache();
        var models = new ModelOptions { CacheFolder = cache.Path };
        var options = new RuntimeOptions { PrepareModels = prepare, PrepareLeaveFree = leaveFree };
        bool wanted = false;
        var prepared = new PreparedModels(models, options) { Missing = (_, _) => wanted = true };
        Embed(new ModelStore(models, new ModelCatalog()), new SessionFactory(options, prepared));
        await Assert.That(wanted).IsFalse();
    }

    internal static string SourceIn(TempFolder cache) => cache.File("clip", Key.Name, "visual", "model.onnx");

    /// <summary>The folder of the only copy.</summary>
    internal static string CopyIn(TempFolder cache) =>
        Path.GetDirectoryName(Directory.GetFiles(cache.File(".prepared"), "manifest.txt", SearchOption.AllDirectories).Single())!;

    internal static ModelStore Store(TempFolder cache) => new(new ModelOptions { CacheFolder = cache.Path }, new ModelCatalog());

    /// <summary>What the model's copy answers, made first where there is none.</summary>
    internal static float[] Embed(TempFolder cache, out PreparedModels prepared)
    {
        var options = new RuntimeOptions { PrepareLeaveFree = 0 };
        prepared = new PreparedModels(new ModelOptions { CacheFolder = cache.Path }, options);
        prepared.Prepare(Key, SourceIn(cache));
        return Embed(Store(cache), new SessionFactory(options, prepared));
    }

    internal static float[] Embed(ModelStore store, SessionFactory sessions)
    {
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(Key, store, sessions, ImmichRules.Immich33.Clip);
        return Embed(encoder);
    }

    internal static float[] Embed(ClipVisualEncoder encoder)
    {
        using Bitmap bitmap = Bitmap.Allocate(Side, Side);
        for (int i = 0; i < bitmap.Pixels.Length; i++)
        {
            bitmap.Pixels[i] = (byte)(i * 31);
        }

        return encoder.Encode(bitmap, new StageClock(TimeProvider.System), CancellationToken.None);
    }
}
