namespace ImmichMl.Tests.Inference;

/// <summary>Against Immich 2.7's own answers: RN50__openai of the shared cache shows 512 preprocessed values as they stand.</summary>
public sealed class ParityTests
{
    const float Tolerance = 1e-5f;

    [Test]
    [MethodDataSource(typeof(PredictGolden), nameof(PredictGolden.All))]
    public async Task A_picture_has_the_embedding_and_the_size_that_Immich_gives_it(PredictGolden golden)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            SharedData.File("models", "cache"), ("MACHINE_LEARNING_RULES", ImmichRules.Older));
        PredictResult result = await daemon.Client.EmbedAsync("RN50__openai", golden.Read());
        await Assert.That((result.ImageWidth, result.ImageHeight)).IsEqualTo((golden.Width, golden.Height));
        await Assert.That(result.Clip!.Length).IsEqualTo(512);
        await Assert.That(golden.Embedding.Length).IsEqualTo(512);
        float difference = TensorPrimitives.Distance<float>(result.Clip, golden.Embedding) is float.NaN
            ? float.NaN
            : result.Clip.Zip(golden.Embedding, (ours, theirs) => Math.Abs(ours - theirs)).Max();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Largest difference {difference:g3}"));
        await Assert.That(difference).IsLessThanOrEqualTo(Tolerance);
    }
}
