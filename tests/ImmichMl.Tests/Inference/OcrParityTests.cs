namespace ImmichMl.Tests.Inference;

/// <summary>Against Immich 2.7's own answers, with PP-OCR's weights of the shared cache.</summary>
public sealed class OcrParityTests
{
    const float BoxTolerance = 2;
    const float BoxScoreTolerance = 0.01f;

    // The original solves the perspective in single precision, which moves pixels by one.
    const float TextScoreTolerance = 0.03f;

    [Test]
    [MethodDataSource(typeof(OcrGolden), nameof(OcrGolden.All))]
    public async Task A_picture_has_the_texts_that_Immich_reads_in_it(OcrGolden golden)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            SharedData.File("models", "cache"), ("MACHINE_LEARNING_RULES", ImmichRules.Older));
        PredictResult result = await daemon.Client.PredictAsync(golden.Ask());
        OcrResult ocr = result.Ocr!;
        await Assert.That((result.ImageWidth, result.ImageHeight)).IsEqualTo((golden.Width, golden.Height));
        await Assert.That(string.Join('\n', ocr.Text!)).IsEqualTo(string.Join('\n', golden.Text));
        await Assert.That(ocr.Box.Length).IsEqualTo(golden.Box.Length);
        for (int i = 0; i < golden.Box.Length; i++)
        {
            int side = i % 2 == 0 ? golden.Width : golden.Height;
            await Assert.That(Math.Abs(ocr.Box[i] - golden.Box[i]) * side).IsLessThanOrEqualTo(BoxTolerance);
        }

        for (int i = 0; i < golden.Text.Length; i++)
        {
            await Assert.That(ocr.BoxScore[i]).IsEqualTo(golden.BoxScore[i]).Within(BoxScoreTolerance);
            await Assert.That(ocr.TextScore![i]).IsEqualTo(golden.TextScore[i]).Within(TextScoreTolerance);
        }
    }

    [Test]
    public async Task Detection_alone_finds_the_same_boxes_and_reads_nothing()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedData.File("models", "cache"));
        OcrGolden golden = OcrGolden.All().First(picture => picture.Text.Length > 3);
        PredictRequest both = golden.Ask(recognitionMinScore: 0);
        OcrResult read = (await daemon.Client.PredictAsync(both)).Ocr!;
        OcrResult found = (await daemon.Client.PredictAsync(both with { Tasks = [both.Tasks[0]] })).Ocr!;
        await Assert.That(found.Text).IsNull();
        await Assert.That(found.TextScore).IsNull();
        await Assert.That(found.BoxScore.Length).IsGreaterThanOrEqualTo(read.BoxScore.Length);
        await Assert.That(read.BoxScore.Except(found.BoxScore).Count()).IsEqualTo(0);
    }
}
