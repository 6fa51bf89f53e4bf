using ImmichMl.Imaging;
using ImmichMl.Inference;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;
using ImmichMl.Tests.Support;

namespace ImmichMl.Tests.Inference;

/// <summary>A prepared copy gives the same numbers, and where it is no good the model itself is loaded.</summary>
public sealed class PreparedModelTests
{
    const int Side = 8;
    const int Outputs = 22_001;

    internal static readonly ModelKey Key = new(ModelKind.ClipVisual, "large__model");

    /// <summary>A projection of 192 values onto many: 17 MB of weights that can be computed, and odd lengths between them.</summary>
    internal static TempFolder Cache()
    {
        var cache = new TempFolder();
        float[] weights = Values(3 * Side * Side * Outputs);
        byte[] model = new OnnxGraph("large").Input("image", OnnxType.Float, 1, 3, Side, Side).Output("embedding", OnnxType.Float, 1, Outputs)
            .Initializer("weights", OnnxTensor.Floats([3 * Side * Side, Outputs], weights))
            .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1))
            .Initializer("a", OnnxTensor.Floats([1, Outputs], Values(Outputs))).Initializer("b", OnnxTensor.Floats([1, Outputs], Values(Outputs)))
            .Node("MatMul", ["flat", "weights"], ["product"])
            .Node("Add", ["product", "a"], ["sum"])
            .Node("Mul", ["sum", "b"], ["embedding"]).ToModel();
        cache.Write(model, "clip", Key.Name, "visual", "model.onnx");
        cache.Write("""{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray(), "clip", Key.Name, "visual", "preprocess_cfg.json");
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
        string source = cache.File("clip", Key.Name, "visual", "model.onnx");
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
        string? wanted = null;
        prepared.Missing = (_, source, target) =>
        {
            wanted = target;
            PreparedModels.Write(source, target);
        };
        float[] plain = Embed(store, new SessionFactory(options, prepared));
        await Assert.That(wanted).IsNotNull();
        await Assert.That(File.Exists(Path.Combine(wanted!, "weights.bin"))).IsTrue();
        await Assert.That(ExternalWeights.AreAligned(Path.Combine(wanted!, "model.onnx"))).IsTrue();
        prepared.Missing = (_, _, _) => throw new InvalidOperationException("It is there.");

        // The session that opens first sums up in another order; the packed ones, which follow, do as the plain model does.
        using (ClipVisualEncoder encoder = ClipVisualEncoder.Load(Key, store, new SessionFactory(options, prepared)))
        {
            float[] first = Embed(encoder);
            await Assert.That(first.Zip(plain).All(pair => Math.Abs(pair.First - pair.Second) < 2e-5f)).IsTrue();
            for (int i = 0; i < 500 && !Embed(encoder).SequenceEqual(plain); i++)
            {
                await Task.Delay(10);
            }

            await Assert.That(Embed(encoder).SequenceEqual(plain)).IsTrue();
        }

        // One that was cut off in the middle goes, and the model itself is loaded.
        await File.WriteAllBytesAsync(Path.Combine(wanted!, "model.onnx"), [8, 1, 2]);
        prepared.Missing = null;
        await Assert.That(Embed(store, new SessionFactory(options, prepared)).SequenceEqual(plain)).IsTrue();
        await Assert.That(Directory.Exists(wanted)).IsFalse();

        // A changed model is another one.
        string? other = null;
        prepared.Missing = (_, _, target) => other = target;
        File.SetLastWriteTimeUtc(Path.Combine(store.FolderOf(Key), "model.onnx"), DateTime.UnixEpoch);
        Embed(store, new SessionFactory(options, prepared));
        await Assert.That(other).IsNotNull().And.IsNotEqualTo(wanted);
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
        var prepared = new PreparedModels(models, options) { Missing = (_, _, _) => wanted = true };
        Embed(new ModelStore(models, new ModelCatalog()), new SessionFactory(options, prepared));
        await Assert.That(wanted).IsFalse();
    }

    static float[] Embed(ModelStore store, SessionFactory sessions)
    {
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(Key, store, sessions);
        return Embed(encoder);
    }

    static float[] Embed(ClipVisualEncoder encoder)
    {
        using Bitmap bitmap = Bitmap.Allocate(Side, Side);
        for (int i = 0; i < bitmap.Pixels.Length; i++)
        {
            bitmap.Pixels[i] = (byte)(i * 31);
        }

        return encoder.Encode(bitmap, new StageClock(TimeProvider.System), CancellationToken.None);
    }
}
