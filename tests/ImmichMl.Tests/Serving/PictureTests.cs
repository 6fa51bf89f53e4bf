namespace ImmichMl.Tests.Serving;

public sealed class PictureTests
{
    /// <summary>What it is, its bytes, and the code that it gets.</summary>
    static readonly (string What, byte[] Bytes, string Code)[] s_bad =
    [
        ("no bytes", [], "image_empty"),
        ("a bitmap of width 0", Patched("rgb.bmp", "424D", 18, "00000000"), "image_empty"),
        ("a JPEG of width 0", Patched("baseline.jpg", "FFC0", 7, "0000"), "image_empty"),
        ("a JPEG of height 0", Patched("baseline.jpg", "FFC0", 5, "0000"), "image_empty"),
        ("a text", "Dear Immich, this is no picture."u8.ToArray(), "image_unsupported"),
        ("a TIFF", "II*\0\x08\0\0\0"u8.ToArray(), "image_unsupported"),
        ("half a JPEG", Golden("baseline.jpg")[..200], "image_unreadable"),
        ("a JPEG of 30,000 x 65,000 pixels", Patched("baseline.jpg", "FFC0", 5, "7530FDE8"), "image_too_large"),
    ];

    public static IEnumerable<string> BadPictures() => s_bad.Select(bad => bad.What);

    [Test]
    [MethodDataSource(nameof(BadPictures))]
    public async Task A_bad_picture_is_refused_at_the_door(string what)
    {
        (_, byte[] picture, string code) = s_bad.Single(bad => bad.What == what);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        var error = await Assert.That(async () => await daemon.Client.PredictAsync(Ask.Predict(0,
            image: picture))).Throws<MlErrorException>();
        await Assert.That((error!.Code.Name, error.Error.Retryable)).IsEqualTo((code, false));
        await daemon.Log.WaitAsync($"predict {code}", " 0 model runs");
        await Assert.That(daemon.Log.Lines.Any(line => line.Contains("Loading ", StringComparison.Ordinal))).IsFalse();
        ModelsResult models = await daemon.Client.GetModelsAsync();
        await Assert.That(models.Models.Any(model => model.State is "loading" or "loaded")).IsFalse();
    }

    [Test]
    public async Task A_good_picture_is_answered_with_size_embedding_and_timings()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        PredictResult result = await daemon.Client.PredictAsync(Ask.Predict(0));
        await Assert.That((result.ImageWidth, result.ImageHeight, result.Clip!.Length)).IsEqualTo((24, 17, 512));
        await Assert.That(result.Timings.Inference).IsGreaterThan(0);
        Timings parts = result.Timings;
        await Assert.That(parts.Queue + parts.Decode + parts.Preprocess + parts.Inference + parts.Postprocess)
            .IsLessThanOrEqualTo(parts.Total);
        await daemon.Log.WaitAsync("predict ok", " 1 model runs");
    }

    [Test]
    public async Task A_picture_without_tasks_is_answered_with_its_size()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        PredictResult result = await daemon.Client.PredictAsync(Ask.Predict(0) with { Tasks = [] });
        await Assert.That((result.ImageWidth, result.ImageHeight, result.Clip)).IsEqualTo((24, 17, null));
        await daemon.Log.WaitAsync("predict ok", " 0 model runs");
    }

    [Test]
    public async Task A_model_that_is_not_there_is_refused_before_any_other_is_run()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        PredictRequest both = Ask.Predict(0) with { Tasks = [Ask.Task("clip", "visual"), Ask.Task("ocr", "detection", "no-such-model")] };
        var error = await Assert.That(async () => await daemon.Client.PredictAsync(both)).Throws<MlErrorException>();
        await Assert.That(error!.Code.Name).IsEqualTo("unknown_model");
        await daemon.Log.WaitAsync("predict unknown_model", " 0 model runs");
    }

    static byte[] Golden(string name) => File.ReadAllBytes(Repository.Golden("images", name));

    static byte[] Patched(string name, string anchor, int offset, string patch)
    {
        byte[] picture = Golden(name);
        Convert.FromHexString(patch).CopyTo(picture, picture.AsSpan().IndexOf(Convert.FromHexString(anchor)) + offset);
        return picture;
    }
}
