namespace ImmichMl.Tests.Inference;

/// <summary>What a graph that takes pixels is fed: models that show their input as it stands.</summary>
public sealed class PictureInputTests
{
    const int Side = 8;

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task A_graph_of_uint8_is_fed_the_pixels_by_planes_where_its_second_axis_is_three(bool isPlanar)
    {
        byte[] picture = TestPicture.Bmp(Side, Side);
        OnnxDim[] dims = isPlanar ? ["batch", 3, Side, Side] : ["batch", Side, Side, 3];
        byte[] model = new OnnxGraph("shows").Input("image", OnnxType.UInt8, dims)
            .Output("image_embedding", OnnxType.Float, "batch", 3 * Side * Side)
            .Initializer("shape", OnnxTensor.Int64s([2], [-1, 3 * Side * Side]))
            .Node("Cast", ["image"], ["floats"], OnnxAttribute.Int("to", (int)OnnxType.Float))
            .Node("Reshape", ["floats", "shape"], ["image_embedding"]).ToModel();
        using var cache = new TempFolder();
        cache.Write(model, "clip", "shows", "visual", "model.onnx");
        cache.Write(
            Encoding.UTF8.GetBytes($$"""{"size":{{Side}},"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}"""), "clip", "shows", "visual",
            "preprocess_cfg.json");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, ("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", "4"));
        using Bitmap bitmap = ImageDecoder.Decode(picture, ImageHeader.Read(picture, new ImageLimits()));
        byte[] pixels = bitmap.Pixels.ToArray();
        float[] wanted =
        [
            .. Enumerable.Range(0, pixels.Length)
                .Select(i => (float)(isPlanar ? pixels[(i % (Side * Side) * 3) + (i / (Side * Side))] : pixels[i])),
        ];
        foreach (PredictResult result in await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => daemon.Client.EmbedAsync("shows", picture))))
        {
            await Assert.That(result.Clip!.SequenceEqual(wanted)).IsTrue();
        }
    }
}
