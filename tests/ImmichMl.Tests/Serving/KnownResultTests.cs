namespace ImmichMl.Tests.Serving;

/// <summary>Jobs that come again, over the socket.</summary>
public sealed class KnownResultTests
{
    const string Setting = "MACHINE_LEARNING_RESULT_CACHE";

    static readonly byte[] s_group = DemoFaces.Draw(640, 480, DemoFaces.Group).ToPng();

    static IEnumerable<(string What, PredictRequest Request)> Requests() =>
    [
        ("a picture for CLIP", Ask.Predict(0)),
        ("a query", new PredictRequest { Id = 0, Tasks = [Ask.Task("clip", "textual")], Text = "red circle" }),
        ("faces", Faces.Both(s_group)),
        ("faces without embeddings", Faces.Of(s_group, Faces.Detection())),
        ("texts", Texts.Both(TextPicture())),
        ("all of a picture", Faces.Both(s_group) with
        {
            Tasks = [Ask.Task("clip", "visual"), .. Faces.Both(s_group).Tasks, .. Texts.Both(s_group).Tasks],
        }),
    ];

    static byte[] TextPicture()
    {
        var canvas = new Canvas(640, 160, 0xF4F0E8);
        canvas.Text("SAME AGAIN", 60, 60, 4, 0x202028);
        return canvas.ToPng();
    }

    public static IEnumerable<string> RequestNames() => Requests().Select(request => request.What);

    [Test]
    [MethodDataSource(nameof(RequestNames))]
    public async Task A_job_that_comes_again_has_the_same_answer_without_a_run(string what)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(settings: (Setting, "10"));
        PredictRequest request = Requests().Single(request => request.What == what).Request;
        PredictResult first = await daemon.Client.PredictAsync(request).Within();
        await Assert.That(first.Timings.Inference).IsGreaterThan(0);
        for (int again = 1; again <= 3; again++)
        {
            // Three times: what is kept must not be the arrays that go back to the pool once an answer is written.
            PredictResult known = await daemon.Client.PredictAsync(request).Within();
            await Assert.That(known.Timings.Inference + known.Timings.Decode + known.Timings.Queue).IsEqualTo(0);
            await Assert.That(Told(known)).IsEqualTo(Told(first));
            ResultCacheUse use = (await daemon.Client.GetStatsAsync()).ResultCache!;
            await Assert.That((use.Entries, use.Hits, use.Misses)).IsEqualTo((1, again, 1));
            await Assert.That(use.Bytes).IsBetween(100, 100_000);
        }
    }

    [Test]
    public async Task Another_option_or_another_picture_is_another_job()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(settings: (Setting, "10"));
        int all = (await daemon.Client.PredictAsync(Faces.Both(s_group)).Within()).Faces!.Count;
        int sure = (await daemon.Client.PredictAsync(Faces.Both(s_group, minScore: 0.975)).Within()).Faces!.Count;
        await Assert.That(sure).IsLessThan(all);
        await Assert.That((await daemon.Client.PredictAsync(Faces.Both(DemoFaces.Draw(640, 480, [])
            .ToPng())).Within()).Faces!).IsEmpty();
        ResultCacheUse use = (await daemon.Client.GetStatsAsync()).ResultCache!;
        await Assert.That((use.Entries, use.Hits, use.Misses)).IsEqualTo((3, 0, 3));
    }

    [Test]
    public async Task What_is_refused_is_refused_again_and_nothing_is_kept_of_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(settings: (Setting, "10"));
        byte[] damaged = s_group[..(s_group.Length / 2)];
        for (int i = 0; i < 2; i++)
        {
            MlErrorException refusal = await daemon.Client.RefusalAsync(DemoModels.Name, damaged);
            await Assert.That(refusal.Code.Name).IsEqualTo("image_unreadable");
        }

        await Assert.That((await daemon.Client.GetStatsAsync()).ResultCache!.Entries).IsEqualTo(0);
    }

    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task A_model_that_was_replaced_never_answers_from_an_old_result(bool isLoadedBeforeTheJob)
    {
        using var cache = new TempFolder();
        cache.Write(FaceModels.Detector(new()), "facial-recognition", "made__up", "detection", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, (Setting, "10"));
        var model = new ModelAddress("facial-recognition", "detection", "made__up");
        PredictRequest request = Faces.Of(FacePicture.Draw([new DrawnFace(160, 160, 8)]), Faces.Detection("made__up"));
        await Assert.That((await daemon.Client.PredictAsync(request).Within()).Faces!.Count).IsEqualTo(1);
        await Assert.That((await daemon.Client.PredictAsync(request).Within()).Faces!.Count).IsEqualTo(1);

        // One that finds nobody, by rename as README has it, of the same size and time.
        string path = Path.Combine(cache.Path, "facial-recognition", "made__up", "detection", "model.onnx"), fresh = path + ".new";
        DateTime time = File.GetLastWriteTimeUtc(path);
        await File.WriteAllBytesAsync(fresh, FaceModels.Detector(new(Spoilt: "all scores")));
        File.SetLastWriteTimeUtc(fresh, time);
        File.Move(fresh, path, overwrite: true);

        // Until it is unloaded the old model is the one that answers, kept answers or not.
        await Assert.That((await daemon.Client.PredictAsync(request).Within()).Faces!.Count).IsEqualTo(1);
        await daemon.Client.UnloadAsync(model).Within();
        if (isLoadedBeforeTheJob)
        {
            await daemon.Client.LoadAsync(model).Within();
        }

        for (int i = 0; i < 2; i++)
        {
            await Assert.That((await daemon.Client.PredictAsync(request).Within()).Faces!).IsEmpty();
        }

        ResultCacheUse use = (await daemon.Client.GetStatsAsync()).ResultCache!;
        await Assert.That((use.Entries, use.Hits, use.Misses)).IsEqualTo((2, 3, 2));
    }

    [Test]
    public async Task A_kept_answer_needs_no_loaded_model()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(settings: (Setting, "10"));
        PredictResult first = await daemon.Client.PredictAsync(Ask.Predict(0)).Within();
        await daemon.Client.UnloadAsync(Clip.Address(DemoModels.Name)).Within();
        PredictResult known = await daemon.Client.PredictAsync(Ask.Predict(0)).Within();
        await Assert.That(Told(known)).IsEqualTo(Told(first));
        await Assert.That((await daemon.Client.GetModelsAsync()).Models.Any(model => model.State == "loaded")).IsFalse();
    }

    [Test]
    public async Task Without_the_setting_nothing_is_kept()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        for (int i = 0; i < 2; i++)
        {
            await Assert.That((await daemon.Client.PredictAsync(Ask.Predict(0)).Within()).Timings.Inference).IsGreaterThan(0);
        }

        await Assert.That((await daemon.Client.GetStatsAsync()).ResultCache).IsNull();
    }

    /// <summary>All of an answer but its times.</summary>
    static string Told(PredictResult answer)
    {
        string Numbers(float[]? values) => values is null ? "null" : string.Join(' ', values.Select(value => value.ToString("R")));
        return string.Join('\n', [
            $"{answer.ImageWidth} {answer.ImageHeight}", Numbers(answer.Clip),
            .. answer.Faces?.Select(face =>
                $"{face.Score:R} {Numbers(face.BoundingBox)} {Numbers(face.Landmarks)} {Numbers(face.Embedding)}") ?? ["no faces"],
            .. answer.Ocr?.Text ?? ["no text"], Numbers(answer.Ocr?.Box), Numbers(answer.Ocr?.BoxScore), Numbers(answer.Ocr?.TextScore),
        ]);
    }
}
