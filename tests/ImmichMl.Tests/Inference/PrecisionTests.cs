using ImmichMl.Graphs.Quantization;
using ImmichMl.Inference.Calibrating;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Tests.Inference;

/// <summary>A copy of another precision is used where it passes against fp32, and only there.</summary>
public sealed class PrecisionTests
{
    static readonly ModelKey s_key = new(ModelKind.ClipVisual, "small__tower");

    [Test]
    [Arguments("int8", 1f)]
    [Arguments("int8-fast", 1f)]
    [Arguments("int8-fast", 80f)]
    public async Task A_copy_that_passes_is_used_and_says_what_it_reached(string precision, float outlier)
    {
        using TempFolder cache = SmallTower.Cache(s_key, outlier);
        string source = SourceIn(cache);
        byte[] before = await File.ReadAllBytesAsync(source);
        PreparedModels prepared = Prepared(cache, new PrecisionOptions { Name = precision });
        await Assert.That(prepared.StatusOf(s_key, source).Note).Contains($"not {precision}: its copy is not made yet");
        await Assert.That(prepared.Prepare(s_key, source)).StartsWith($"prepared in {precision}: cosine to fp32 0.99");
        CopyStatus status = prepared.StatusOf(s_key, source);
        await Assert.That(status.Precision).IsEqualTo(precision);
        await Assert.That(status.Bytes).IsBetween(300_000, 4_000_000);
        await Assert.That(Precision.Named(precision).Fault(prepared.Find(s_key, source)!.Gate!.Figures)).IsNull();
        await Assert.That((await File.ReadAllBytesAsync(source)).AsSpan().SequenceEqual(before)).IsTrue();

        // What is used answers nearly as fp32 does, and not exactly so.
        string? told = null;
        prepared.RunsIn = (_, words) => told = words;
        float[] plain = Embed(cache, null), rounded = Embed(cache, prepared);
        await Assert.That(EmbeddingParity.Cosine(plain, rounded)).IsBetween(0.99, 0.9999999);
        await Assert.That(told).Contains(precision).And.Contains("made before are of fp32");

        // Back to fp32: the copy stays, is not used, and whoever changed the setting is told.
        PreparedModels again = Prepared(cache, new PrecisionOptions());
        again.Prepare(s_key, source);
        again.RunsIn = (_, words) => told = words;
        await Assert.That(EmbeddingParity.Cosine(plain, Embed(cache, again))).IsGreaterThan(0.9999999);
        await Assert.That(told).StartsWith("fp32; it has run in");
    }

    [Test]
    public async Task Where_more_is_asked_for_than_can_be_had_it_stays_fp32_and_says_why()
    {
        using TempFolder cache = SmallTower.Cache(s_key);
        string source = SourceIn(cache);
        var options = new PrecisionOptions { Name = "int8", LeastMean = 1 };
        PreparedModels prepared = Prepared(cache, options);
        await Assert.That(prepared.Prepare(s_key, source)).StartsWith("prepared; it stays fp32, not int8: ");
        CopyStatus status = prepared.StatusOf(s_key, source);
        await Assert.That(status.Precision).IsEqualTo("fp32");
        await Assert.That(status.Note).StartsWith("fp32, not int8: an earlier try failed: ").And.Contains("blockwise");
        await Assert.That(prepared.Find(s_key, source)!.Gate).IsNull();

        // Unasked it is not tried again, and the copy in fp32 is made all the same.
        Directory.Delete(prepared.Find(s_key, source)!.Folder, recursive: true);
        await Assert.That(prepared.Prepare(s_key, source, isAskedFor: false)).StartsWith("prepared; it stays fp32, not int8: an earlier");

        // Once no more is asked for than usual, that failure is none.
        PreparedModels usual = Prepared(cache, new PrecisionOptions { Name = "int8" });
        await Assert.That(usual.Prepare(s_key, source, isAskedFor: false)).StartsWith("prepared in int8: ");
        await Assert.That(EmbeddingParity.Cosine(Embed(cache, null), Embed(cache, prepared))).IsGreaterThan(0.9999999);
    }

    [Test]
    public async Task A_copy_is_not_used_any_more_once_the_settings_ask_for_more()
    {
        using TempFolder cache = SmallTower.Cache(s_key);
        string source = SourceIn(cache);
        PreparedModels prepared = Prepared(cache, new PrecisionOptions { Name = "int8" });
        prepared.Prepare(s_key, source);
        double reached = prepared.Find(s_key, source)!.Gate!.Figures.MeanCosine;
        PreparedCopy? With(double least) =>
            Prepared(cache, new PrecisionOptions { Name = "int8", LeastMean = least }).Find(s_key, source);
        await Assert.That(With(reached)).IsNotNull();
        await Assert.That(With((reached + 1) / 2)).IsNull();
    }

    /// <summary>What the search would never hand out, were it not tried: weights damaged while they were written.</summary>
    [Test]
    public async Task A_copy_whose_weights_were_damaged_does_not_pass()
    {
        using TempFolder cache = SmallTower.Cache(s_key);
        string folded = Folded(cache);
        var search = new PrecisionSearch(s_key, Precision.Fast, Calibration(cache));
        int made = 0;
        await Assert.That(() => search.Run(folded, folded, graph =>
        {
            made++;
            using FileStream weights = File.OpenWrite(Path.Combine(Path.GetDirectoryName(graph)!, "quantized.bin"));
            weights.Position = weights.Length / 2;
            weights.Write(Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31)).ToArray());
            return graph;
        })).Throws<PrecisionException>();
        await Assert.That(made).IsGreaterThan(1);
    }

    [Test]
    [Arguments("4 bits", 1f)]
    [Arguments("planted outliers", 400f)]
    public async Task A_copy_that_is_too_coarse_does_not_pass(string what, float outlier)
    {
        using TempFolder cache = SmallTower.Cache(s_key, outlier);
        string folded = Folded(cache), made = cache.File("work", "coarse.onnx");
        GraphModel model = GraphModel.Read(folded);
        LayerForm form = what == "4 bits" ? LayerForm.Blockwise(32, 4) : LayerForm.Dynamic(8);
        using (FileStream weights = File.Create(cache.File("work", "coarse.bin")))
        {
            var plans = LinearLayer.Of(model).ToDictionary(layer => layer.Name, _ => new LayerPlan(form));
            QuantizedGraph.Apply(model, plans, LayerForm.Plain, weights);
        }

        await File.WriteAllBytesAsync(made, model.ToBytes());
        using OnnxSession plain = Open(folded), coarse = Open(made);
        Calibration show = Calibration(cache);
        var figures = EmbeddingParity.Of(show(plain, int.MaxValue), show(coarse, int.MaxValue));
        await Assert.That(Precision.Blockwise.Fault(figures)).IsNotNull().Because($"{figures}");
    }

    [Test]
    public async Task Pictures_and_texts_to_try_with_are_many_and_all_different()
    {
        IEnumerable<string> pictures = Enumerable.Range(0, 64).Select(number =>
        {
            using Bitmap picture = DrawnPictures.Draw(number);
            return Sha256.Of(picture.Pixels);
        });
        await Assert.That(pictures.Distinct().Count()).IsEqualTo(64);
        await Assert.That(Enumerable.Range(0, 64).Select(WrittenTexts.Write).Distinct().Count()).IsEqualTo(64);
    }

    [Test]
    public async Task Pictures_and_texts_of_the_operators_are_shown_first_and_what_is_no_picture_is_passed_over()
    {
        using TempFolder cache = SmallTower.Cache(s_key), samples = new();
        samples.Write(TestPicture.Bmp(40, 30), "a.bmp");
        samples.Write([1, 2, 3], "b.jpg");
        samples.Write("no picture"u8.ToArray(), "c.txt");
        string folded = Folded(cache);
        using OnnxSession session = Open(folded);
        var store = new ModelStore(new ModelOptions { CacheFolder = cache.Path }, new ModelCatalog());
        Calibration with = new ClipCalibration(store, ImmichRules.Immich33, samples.Path).For(s_key)!;
        await Assert.That(with(session, int.MaxValue).Count).IsEqualTo(65);
        await Assert.That(with(session, 1)[0].SequenceEqual(Calibration(cache)(session, 1)[0])).IsFalse();
    }

    [Test]
    [Arguments("MACHINE_LEARNING_PRECISION", "int4", "is not fp32, int8 or int8-fast")]
    [Arguments("MACHINE_LEARNING_PRECISION__CLIP__VISUAL", "half", "is not fp32, int8 or int8-fast")]
    [Arguments("MACHINE_LEARNING_PRECISION__OCR__DETECTION", "int8", "can only be fp32")]
    [Arguments("MACHINE_LEARNING_PRECISION__FACIAL_RECOGNITION__RECOGNITION", "int8-fast", "can only be fp32")]
    [Arguments("MACHINE_LEARNING_PRECISION_LEAST_MIXED", "1.5", "between 0 and 1")]
    public async Task A_precision_that_cannot_be_had_is_refused_by_name(string name, string value, string told)
    {
        var fault = await Assert.That(() => new Settings().Add(name, value).Read<PrecisionOptions>()).Throws<OperatorException>();
        await Assert.That(fault!.Message).Contains(name).And.Contains(told);
    }

    [Test]
    public async Task One_kinds_own_precision_goes_before_all_others_and_faces_stay_fp32()
    {
        PrecisionOptions options = new Settings().Add("MACHINE_LEARNING_PRECISION", "int8")
            .Add("MACHINE_LEARNING_PRECISION__CLIP__TEXTUAL", "fp32").Read<PrecisionOptions>();
        await Assert.That(options.For(ModelKind.ClipVisual).Name).IsEqualTo("int8");
        await Assert.That(options.For(ModelKind.ClipTextual)).IsEqualTo(Precision.Plain);
        await Assert.That(options.For(ModelKind.FaceDetection)).IsEqualTo(Precision.Plain);
    }

    static string SourceIn(TempFolder cache) => cache.File("clip", s_key.Name, "visual", "model.onnx");

    static string Folded(TempFolder cache)
    {
        Directory.CreateDirectory(cache.File("work"));
        GraphRewriting.Rewrite(SourceIn(cache), cache.File("work"), pinsBatch: true);
        return cache.File("work", GraphRewriting.FoldedName);
    }

    static OnnxSession Open(string graph) =>
        OnnxSession.Over(s_key, GraphRewriting.Open(graph, GraphOptimizationLevel.ORT_ENABLE_ALL, packs: true), long.MaxValue);

    static Calibration Calibration(TempFolder cache) => new ClipCalibration(
        new ModelStore(new ModelOptions { CacheFolder = cache.Path }, new ModelCatalog()), ImmichRules.Immich33, "").For(s_key)!;

    static PreparedModels Prepared(TempFolder cache, PrecisionOptions options) => new(
        new ModelOptions { CacheFolder = cache.Path }, new RuntimeOptions { PrepareLeaveFree = 0 }, precisions: options)
    {
        Calibrate = _ => Calibration(cache),
    };

    static float[] Embed(TempFolder cache, PreparedModels? prepared)
    {
        var store = new ModelStore(new ModelOptions { CacheFolder = cache.Path }, new ModelCatalog());
        using ClipVisualEncoder encoder = ClipVisualEncoder.Load(
            s_key, store, new SessionFactory(new RuntimeOptions(), prepared), ImmichRules.Immich33.Clip);
        using Bitmap picture = DrawnPictures.Draw(1000);
        return encoder.Encode(picture, new StageClock(TimeProvider.System), CancellationToken.None);
    }
}
