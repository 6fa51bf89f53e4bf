namespace ImmichMl.Tests.Inference;

/// <summary>A model with real arithmetic and a batch fixed to 1 answers the same, however it is asked.</summary>
public sealed class RepeatabilityTests
{
    const string Model = "ViT-B-32__openai";

    [Test]
    public async Task One_request_and_64_at_once_and_a_reloaded_model_give_one_and_the_same_embedding()
    {
        byte[] picture = await File.ReadAllBytesAsync(SharedData.File("corpus", "photos", "astronaut.png"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedData.File("models", "cache"));
        float[] alone = (await daemon.Client.EmbedAsync(Model, picture)).Clip!;
        await Assert.That(TensorPrimitives.Norm<float>(alone)).IsEqualTo(1f).Within(1e-4f);

        PredictResult[] together = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => daemon.Client.EmbedAsync(Model, picture)));
        await daemon.Client.UnloadAsync(Clip.Address(Model));
        await daemon.Client.LoadAsync(Clip.Address(Model));
        PredictResult reloaded = await daemon.Client.EmbedAsync(Model, picture);

        await Assert.That(together.Append(reloaded).Min(result => TensorPrimitives.CosineSimilarity(alone, result.Clip)))
            .IsGreaterThanOrEqualTo(0.999999f);
        await Assert.That(daemon.Log.Lines.Count(line => line.Contains($"Loaded clip visual {Model}", StringComparison.Ordinal)))
            .IsEqualTo(2);
    }

    [Test]
    public async Task Two_pictures_do_not_get_one_embedding()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedData.File("models", "cache"));
        float[] noise = (await daemon.Client.EmbedAsync(Model, TestPicture.Bmp(80, 64))).Clip!;
        float[] gradient = (await daemon.Client.EmbedAsync(Model, TestPicture.Bmp(80, 64, "gradient"))).Clip!;
        await Assert.That(TensorPrimitives.CosineSimilarity(noise, gradient)).IsLessThan(0.999999f);
    }
}
