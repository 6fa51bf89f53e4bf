namespace ImmichMl.Tests.Inference;

public sealed class OddModelTests
{
    const string Name = "odd__model";

    static readonly byte[] Picture = TestPicture.Bmp(50, 40);

    [Test]
    [MethodDataSource(typeof(OddModel), nameof(OddModel.Usable))]
    public async Task A_model_that_only_looks_odd_gives_the_right_numbers(OddModel model)
    {
        using TempFolder cache = Cache(model);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        float[] embedding = (await daemon.Client.EmbedAsync(Name, Picture)).Clip!;
        float[] expected = Expected(model.Side);
        await Assert.That(embedding.Length).IsEqualTo(expected.Length);
        await Assert.That(embedding.Zip(expected, (got, wanted) => Math.Abs(got - wanted)).Max()).IsLessThanOrEqualTo(model.Tolerance);
    }

    [Test]
    [MethodDataSource(typeof(OddModel), nameof(OddModel.Unusable))]
    public async Task A_model_that_does_not_do_is_unusable_and_named_and_the_daemon_goes_on(OddModel model)
    {
        using TempFolder cache = Cache(model);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException refusal = await daemon.Client.RefusalAsync(Name, Picture);
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable").Because(refusal.Message);
        await Assert.That(refusal.Error.Message).Contains(Name);
        await Assert.That((await daemon.Client.RefusalAsync(Name, Picture)).Code.Name).IsEqualTo("model_unusable");
        await daemon.Client.PingAsync().Within();
    }

    static TempFolder Cache(OddModel model)
    {
        var cache = new TempFolder();
        cache.Write(model.Onnx, "clip", Name, "visual", "model.onnx");
        if (model.Config is not null)
        {
            cache.Write(Encoding.UTF8.GetBytes(model.Config), "clip", Name, "visual", "preprocess_cfg.json");
        }

        return cache;
    }

    /// <summary>The parts are Imaging's, which have tests of their own against Pillow and NumPy.</summary>
    static float[] Expected(int side)
    {
        using Bitmap source = ImageDecoder.Decode(Picture, ImageHeader.Read(Picture, new ImageLimits()));
        (int width, int height, PixelRectangle region) = CenterCrop.Plan(source.Width, source.Height, side);
        using Bitmap square = Resampler.Resize(source, width, height, ResampleFilter.Bicubic, region);
        float[] tensor = new float[3 * side * side];
        TensorWriter.WriteStandardized(square, StandardizeTable.ByFactors(OddModel.Mean, OddModel.Std), tensor);
        return tensor;
    }
}
