namespace ImmichMl.Tests.Inference;

/// <summary>Over the socket, on models that TextModels makes.</summary>
public sealed class TextTests
{
    const string Name = "made_up";

    [Test]
    [Arguments("exact")]
    [Arguments("bucketed")]
    public async Task Lines_come_top_to_bottom_then_left_to_right_each_with_its_own_text(string shapes)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, ("MACHINE_LEARNING_OCR_SHAPES", shapes));

        // Of different lengths, so that the batches are in another order; the second and third stand on one line.
        byte[] picture = TextPicture.Draw(
            700, 500, new(40, 420, "ABCABCABCABC"), new(380, 204, "BA"), new(60, 200, "CCB"), new(200, 60, "A"), new(60, 300, "BCBCBCB"),
            new(400, 300, "AC"),
            new(380, 60, "CAB"), new(60, 130, "AAAA"));
        OcrResult ocr = await AskAsync(daemon.Client, picture);
        await Assert.That(string.Join(' ', ocr.Text!)).IsEqualTo("A CAB AAAA CCB BA BCBCBCB AC ABCABCABCABC");
        await Assert.That((ocr.Box.Length, ocr.BoxScore.Length, ocr.TextScore!.Length)).IsEqualTo((64, 8, 8));

        // The first box lies around the panel at (200, 60), 48 × 24.
        await Assert.That(ocr.Box[0] * 700).IsBetween(180f, 200f);
        await Assert.That(ocr.Box[4] * 700).IsBetween(248f, 268f);
        await Assert.That(ocr.Box[1] * 500).IsBetween(40f, 60f);
        await Assert.That(ocr.Box[5] * 500).IsBetween(84f, 104f);
    }

    [Test]
    [Arguments("MACHINE_LEARNING_MAX_BATCH_SIZE__OCR", 1)]
    [Arguments("MACHINE_LEARNING_MAX_BATCH_SIZE__OCR", 3)]
    [Arguments("MACHINE_LEARNING_MAX_BATCH_SIZE__TEXT_RECOGNITION", 2)]
    public async Task The_batch_size_changes_no_text(string setting, int size)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, (setting, $"{size}"));
        OcrResult ocr = await AskAsync(daemon.Client, TextPicture.Draw(
            500, 500, Enumerable.Range(0, 5).Select(i => new DrawnLine(60, 40 + (i * 90), "ABCBA"[..(i + 1)]))));
        await Assert.That(string.Join(' ', ocr.Text!)).IsEqualTo("A AB ABC ABCB ABCBA");
    }

    [Test]
    public async Task A_recognizer_with_a_batch_of_one_reads_line_by_line()
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, 1));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        OcrResult ocr = await AskAsync(daemon.Client, TextPicture.Draw(500, 300, new(60, 60, "ABC"), new(60, 180, "CB")));
        await Assert.That(string.Join(' ', ocr.Text!)).IsEqualTo("ABC CB");
    }

    [Test]
    [Arguments("dict.txt")]
    [Arguments("ppocr_keys_v1.txt")]
    [Arguments("ppocrv5_dict.txt")]
    public async Task Characters_come_from_a_file_beside_the_model_where_it_has_none(string file)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(null, "n"));
        cache.Write(Encoding.UTF8.GetBytes("ä\n漢\n😀\n"), "ocr", Name, "recognition", file);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        OcrResult ocr = await AskAsync(daemon.Client, TextPicture.Draw(500, 300, new DrawnLine(60, 60, "ABC")));
        await Assert.That(ocr.Text![0]).IsEqualTo("ä漢😀");
    }

    [Test]
    [Arguments(null)]
    [Arguments("A\nB")]
    [Arguments("A\nB\nC\nD")]
    public async Task A_recognizer_whose_characters_are_missing_or_do_not_fit_is_unusable(string? characters)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException refusal = await Refusal(() => AskAsync(daemon.Client, TextPicture.Draw(500, 300, new DrawnLine(60, 60, "ABC"))));
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
    }

    [Test]
    public async Task A_language_before_the_name_chooses_the_recognizer_and_shares_the_detector()
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        cache.Write(TextModels.Recognizer("x\ny\nz", "n"), "ocr", $"LATIN__{Name}", "recognition", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        byte[] picture = TextPicture.Draw(500, 300, new DrawnLine(60, 60, "ABC"));
        await Assert.That((await AskAsync(daemon.Client, picture)).Text![0]).IsEqualTo("ABC");
        await Assert.That((await AskAsync(daemon.Client, picture, $"LATIN__{Name}")).Text![0]).IsEqualTo("xyz");
    }

    [Test]
    [Arguments(31, 31)]
    [Arguments(31, 4000)]
    [Arguments(1, 1)]
    [Arguments(32, 32)]
    [Arguments(20_000, 40)]
    [Arguments(40, 20_000)]
    [Arguments(3000, 3000)]
    public async Task An_empty_picture_of_any_shape_has_no_text_and_no_error(int width, int height)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await Assert.That((await AskAsync(daemon.Client, TextPicture.Draw(width, height))).Text!).IsEmpty();
    }

    [Test]
    public async Task A_thousand_lines_are_read()
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);

        // 1,050 panels of 48 × 24; the original looks at 1,000 at most.
        IEnumerable<DrawnLine> lines = from row in Enumerable.Range(0, 42) from column in Enumerable.Range(0, 25) select new DrawnLine(
            24 + (column * 96), 24 + (row * 72), "A");
        OcrResult ocr = await AskAsync(daemon.Client, TextPicture.Draw(2420, 3070, lines), maxResolution: 1500);
        await Assert.That(ocr.Text!.Count).IsEqualTo(1000);
        await Assert.That(ocr.Text.All(text => text == "A")).IsTrue();
    }

    [Test]
    public async Task Requests_at_the_same_time_keep_their_own_minScore()
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        byte[] picture = TextPicture.Draw(500, 300, new(60, 60, "ABC"), new(60, 180, "CB"));

        // No mean of a softmax comes to 1, and none is under 0.2.
        int[] counts = await Task.WhenAll(Enumerable.Range(0, 40).Select(
            async i => (await AskAsync(daemon.Client, picture, minScore: i % 2 == 0 ? 0.2 : 1)).Text!.Count));
        for (int i = 0; i < counts.Length; i++)
        {
            await Assert.That(counts[i]).IsEqualTo(i % 2 == 0 ? 2 : 0);
        }
    }

    [Test]
    [Arguments(0, 0)]
    [Arguments(65_536, 65_535)]
    [Arguments(1_000_000, 65_535)]
    [Arguments(int.MaxValue, 65_535)]
    public async Task A_resolution_that_no_picture_has_counts_as_the_nearest(int maxResolution, int nearest)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        byte[] picture = TextPicture.Draw(500, 300, new(60, 60, "ABC"), new(60, 180, "CB"));
        OcrResult answer = await AskAsync(daemon.Client, picture, maxResolution: maxResolution);
        OcrResult same = await AskAsync(daemon.Client, picture, maxResolution: nearest);
        await Assert.That(answer.Box.SequenceEqual(same.Box)).IsTrue();
    }

    [Test]
    [Arguments(-3, 2)]
    [Arguments(1.5, 0)]
    public async Task A_score_beyond_what_there_is_keeps_all_or_nothing(double minScore, int lines)
    {
        using TempFolder cache = Cache(TextModels.Recognizer(TextModels.Characters, "n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        byte[] picture = TextPicture.Draw(500, 300, new(60, 60, "ABC"), new(60, 180, "CB"));
        await Assert.That((await AskAsync(daemon.Client, picture, minScore: minScore)).Text!.Count).IsEqualTo(lines);
        MlErrorException refusal = await Refusal(() => AskAsync(daemon.Client, picture, minScore: double.NaN));
        await Assert.That(refusal.Code.Name).IsEqualTo("invalid_request");
    }

    static TempFolder Cache(byte[] recognizer)
    {
        var cache = new TempFolder();
        cache.Write(TextModels.Detector(), "ocr", Name, "detection", "model.onnx");
        cache.Write(recognizer, "ocr", Name, "recognition", "model.onnx");
        return cache;
    }

    static async Task<OcrResult> AskAsync(
        MlClient client, byte[] picture, string name = Name, double minScore = 0.5, int maxResolution = 736)
    {
        var request = new PredictRequest
        {
            Id = 0,
            Tasks =
            [
                new TaskEntry { Task = "ocr", Type = "recognition", ModelName = name, Options = new TaskOptions { MinScore = minScore } },
                new TaskEntry { Task = "ocr", Type = "detection", ModelName = name,
                    Options = new TaskOptions { MinScore = 0.5, MaxResolution = maxResolution } },
            ],
            Image = new ReadOnlySequence<byte>(picture),
        };
        return (await client.PredictAsync(request).Within()).Ocr!;
    }

    static async Task<MlErrorException> Refusal(Func<Task> call) =>
        await Assert.That(call).Throws<MlErrorException>() ?? throw new InvalidOperationException("It was answered.");
}
