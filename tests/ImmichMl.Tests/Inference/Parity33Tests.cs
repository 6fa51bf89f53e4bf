namespace ImmichMl.Tests.Inference;

/// <summary>Against what Immich 3.3's rules give, over the socket, with float graphs and with those of its revision v2.</summary>
public sealed class Parity33Tests
{
    const string OcrModel = "PP-OCRv5_mobile";
    const string Probe = "RN50__openai";

    /// <summary>Of a coordinate in pixels: boxes are whole pixels there and here, written as parts of a side.</summary>
    const float BoxTolerance = 0.01f;

    const float BoxScoreTolerance = 1e-6f;
    const float TextScoreTolerance = 2e-3f;

    static readonly (string Mode, string Filter)[] s_probes =
    [
        ("shortest", "bicubic"), ("shortest", "bilinear"), ("shortest", "lanczos"),
        ("squash", "bicubic"), ("squash", "bilinear"), ("squash", "lanczos"),
    ];

    public static IEnumerable<Golden33> Texts() => Golden33Data.Of("legacy", "v2", "canvas", "res1440");

    public static IEnumerable<Golden33> Pictures() => Golden33Data.Of("legacy", "v2");

    [Test]
    [MethodDataSource(nameof(Texts))]
    public async Task Every_box_and_every_text_of_a_picture_is_the_one_of_3_3(Golden33 golden)
    {
        string cache = golden.Section is "v2" or "canvas" ? SharedCaches.V2() : SharedCaches.Legacy;
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache, ("MACHINE_LEARNING_OCR_SHAPES", golden.Section == "canvas" ? "bucketed" : "exact"));
        await IsAsWrittenAsync(golden, "ocr", await ReadAsync(daemon, golden, 0.8));
        if (golden.Has("ocr_all"))
        {
            await IsAsWrittenAsync(golden, "ocr_all", await ReadAsync(daemon, golden, -1));
        }
    }

    static async Task<PredictResult> ReadAsync(RunningDaemon daemon, Golden33 golden, double minScore) =>
        await daemon.Client.PredictAsync(new PredictRequest
        {
            Id = 0,
            Tasks =
            [
                new TaskEntry
                {
                    Task = "ocr", Type = "detection", ModelName = OcrModel,
                    Options = new TaskOptions { MinScore = 0.5, MaxResolution = golden.Section == "res1440" ? 1440 : 736 },
                },
                new TaskEntry
                {
                    Task = "ocr", Type = "recognition", ModelName = OcrModel, Options = new TaskOptions { MinScore = minScore },
                },
            ],
            Image = new ReadOnlySequence<byte>(golden.Read()),
        });

    static async Task IsAsWrittenAsync(Golden33 golden, string key, PredictResult result)
    {
        JsonElement answer = golden.Answer(key), ocr = answer.GetProperty("ocr");
        int width = answer.GetProperty("imageWidth").GetInt32(), height = answer.GetProperty("imageHeight").GetInt32();
        await Assert.That((result.ImageWidth, result.ImageHeight)).IsEqualTo((width, height));
        await Assert.That(string.Join('\n', result.Ocr!.Text!))
            .IsEqualTo(string.Join('\n', ocr.GetProperty("text").EnumerateArray().Select(text => text.GetString()))).Because(key);
        float[] pixels = [.. result.Ocr.Box.Select((side, i) => side * (i % 2 == 0 ? width : height))];
        float[] wanted = [.. Golden33Data.Floats(ocr.GetProperty("box")).Select((side, i) => side * (i % 2 == 0 ? width : height))];
        await Assert.That(Largest(pixels, wanted)).IsLessThanOrEqualTo(BoxTolerance).Because(key);
        await Assert.That(Largest([.. result.Ocr.BoxScore], Golden33Data.Floats(ocr.GetProperty("boxScore"))))
            .IsLessThanOrEqualTo(BoxScoreTolerance).Because(key);
        await Assert.That(Largest([.. result.Ocr.TextScore!], Golden33Data.Floats(ocr.GetProperty("textScore"))))
            .IsLessThanOrEqualTo(TextScoreTolerance).Because(key);
    }

    [Test]
    [MethodDataSource(nameof(Pictures))]
    public async Task Resize_mode_and_interpolation_of_the_configuration_count(Golden33 golden)
    {
        string models = golden.Section == "v2" ? SharedCaches.V2() : SharedCaches.Legacy;
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedCaches.Configured(models, Probe, s_probes));
        int compared = 0;
        foreach ((string mode, string filter) in s_probes)
        {
            string key = (mode, filter) == ("shortest", "bicubic") ? "clip_probe" : $"clip_probe_{mode}_{filter}";
            if (golden.Has(key))
            {
                float[] wanted = Golden33Data.Floats(golden.Answer(key).GetProperty("embedding"));
                PredictResult result = await daemon.Client.EmbedAsync($"{mode}_{filter}", golden.Read());
                await Assert.That(Largest(result.Clip!, wanted)).IsLessThanOrEqualTo(1e-6f).Because(key);
                compared++;
            }
        }

        await Assert.That(compared).IsEqualTo(golden.Section == "v2" ? 2 : 6);
    }

    [Test]
    [Arguments("legacy", "")]
    [Arguments("v2", "")]
    [Arguments("v2", "--host-table")]
    [Arguments("v2", "--inline")]
    public async Task A_text_has_the_embedding_of_3_3_whoever_looks_up_its_tokens(string section, string option)
    {
        JsonElement texts = Golden33Data.Root.GetProperty("texts").GetProperty(section);
        string cache = section == "legacy" ? SharedCaches.Legacy : SharedCaches.V2(option.Length > 0 ? [option] : []);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache);
        foreach (JsonProperty model in texts.EnumerateObject())
        {
            foreach (JsonProperty text in model.Value.EnumerateObject())
            {
                PredictResult result = await daemon.Client.PredictAsync(new PredictRequest
                {
                    Id = 0, Text = text.Name, Tasks = [new TaskEntry { Task = "clip", Type = "textual", ModelName = model.Name }],
                });
                await Assert.That(Largest(result.Clip!, Golden33Data.Floats(text.Value))).IsLessThanOrEqualTo(1e-6f).Because(text.Name);
            }
        }
    }

    [Test]
    [Arguments("--head", "logits")]
    [Arguments("--head", "probabilities")]
    [Arguments("--charset", "file")]
    [Arguments("--charset", "metadata")]
    public async Task However_a_recognizer_ends_and_wherever_its_characters_stand_it_reads_the_same(string option, string value)
    {
        Golden33 golden = new("v2", "text/page.png");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(SharedCaches.V2(option, value));
        await IsAsWrittenAsync(golden, "ocr_all", await ReadAsync(daemon, golden, -1));
    }

    /// <summary>Infinite where there are more of one than of the other.</summary>
    static float Largest(float[] got, float[] wanted) => got.Length != wanted.Length ? float.PositiveInfinity
        : got.Zip(wanted, (a, b) => float.IsNaN(a - b) ? float.PositiveInfinity : Math.Abs(a - b)).Append(0).Max();
}
