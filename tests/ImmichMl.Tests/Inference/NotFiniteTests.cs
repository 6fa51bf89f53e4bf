using ImmichMl.Inference.Ocr;
using ImmichMl.Tests.Gateway;

namespace ImmichMl.Tests.Inference;

/// <summary>Models whose answers are no numbers, over the socket and over HTTP: none of them is a success.</summary>
public sealed class NotFiniteTests
{
    const string Name = "no__numbers";
    const int Length = 3 * 8 * 8;

    static readonly byte[] s_black = Plain(0), s_white = Plain(255);

    static byte[] Plain(byte level)
    {
        byte[] pixels = new byte[Length];
        pixels.AsSpan().Fill(level);
        return DemoPicture.EncodeBmp(8, 8, pixels);
    }

    /// <summary>A CLIP image model of one operator on each pixel: 1 where it is white, −1 where it is black.</summary>
    static TempFolder Cache(string operation, OnnxDim? batch = null, OnnxType type = OnnxType.Float)
    {
        OnnxGraph graph = new OnnxGraph("one").Input("image", type, batch ?? 1, 3, 8, 8).Output("embedding", type, "rows", Length)
            .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1));
        byte[] model = (operation == "Overflow"
            ? graph.Initializer("large", type == OnnxType.Float ? OnnxTensor.Floats([], [3e38f]) : OnnxTensor.Halves([], [(Half)60_000]))
                .Node("Add", ["flat", "flat"], ["two"]).Node("Mul", ["two", "large"], ["embedding"])
            : graph.Node(operation, ["flat"], ["embedding"])).ToModel();
        return Written(model, config: null);
    }

    static TempFolder Written(byte[] model, string? config)
    {
        var cache = new TempFolder();
        cache.Write(model, "clip", Name, "visual", "model.onnx");
        cache.Write(
            """{"size": 8, "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}"""u8.ToArray(), "clip", Name, "visual", "preprocess_cfg.json");
        if (config is not null)
        {
            cache.Write(Encoding.UTF8.GetBytes(config), "clip", Name, "config.json");
        }

        return cache;
    }

    [Test]
    [Arguments("Sqrt", false)]
    [Arguments("Sqrt", true)]
    [Arguments("Relu", false)]
    public async Task An_embedding_of_no_numbers_or_of_zeros_is_an_error_that_names_model_and_device(string operation, bool isHalf)
    {
        using TempFolder cache = Cache(operation, type: isHalf ? OnnxType.Float16 : OnnxType.Float);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException refusal = await daemon.Client.RefusalAsync(Name, s_black);
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
        await Assert.That(refusal.Message).Contains(Name);
        await Assert.That(refusal.Message).Contains("on cpu");

        // The model is there for others.
        await Assert.That((await daemon.Client.EmbedAsync(Name, s_white)).Clip!.All(value => value == 1)).IsTrue();
    }

    [Test]
    [Arguments(false)]
    [Arguments(true)]
    public async Task An_embedding_that_overflows_is_an_error_over_HTTP_too(bool isHalf)
    {
        using TempFolder cache = Cache("Overflow", type: isHalf ? OnnxType.Float16 : OnnxType.Float);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        using var form = new MultipartFormDataContent
        {
            { new StringContent("""{"clip":{"visual":{"modelName":"NAME"}}}""".Replace("NAME", Name, StringComparison.Ordinal)),
                "entries" },
            { new ByteArrayContent(s_white), "image", "picture" },
        };
        using HttpResponseMessage answer = await gateway.Http.PostAsync(new Uri("/predict", UriKind.Relative), form);
        await Assert.That((int)answer.StatusCode).IsEqualTo(500);
        await Assert.That(await answer.Content.ReadAsStringAsync()).Contains("on cpu");
    }

    [Test]
    public async Task In_a_run_of_many_only_the_one_is_refused()
    {
        using TempFolder cache = Cache("Sqrt", "batch");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache.Path, ("MACHINE_LEARNING_MAX_BATCH_SIZE__CLIP", "4"), ("MACHINE_LEARNING_BATCH_WAIT_MS", "10000"));
        Task<PredictResult> bad = daemon.Client.PredictAsync(Clip.Visual(Name, s_black));
        PredictResult[] good =
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => daemon.Client.PredictAsync(Clip.Visual(Name, s_white)))).Within();
        await Assert.That(good.All(answer => answer.Clip!.All(value => value == 1))).IsTrue();
        await Assert.That((await Assert.That(async () => await bad.Within()).Throws<MlErrorException>())!.Code.Name)
            .IsEqualTo("model_unusable");
    }

    [Test]
    public async Task A_text_whose_answer_was_no_number_is_asked_again_and_not_remembered()
    {
        // One run gives numbers, another none, as the seed has it.
        OnnxGraph graph = new OnnxGraph("moody").Input("text", OnnxType.Int32, 1, "length").Output("embedding", OnnxType.Float, 1, "values")
            .Initializer("half", OnnxTensor.Floats([], [0.5f]))
            .Node("RandomUniform", [], ["drawn"], OnnxAttribute.Ints("shape", 1), OnnxAttribute.Float("seed", 7))
            .Node("Sub", ["drawn", "half"], ["centred"])
            .Node("Sqrt", ["centred"], ["root"])
            .Node("Cast", ["text"], ["ids"], OnnxAttribute.Int("to", (long)OnnxType.Float))
            .Node("Mul", ["ids", "root"], ["embedding"]);
        using var model = new TextModel { Onnx = graph.ToModel() };
        await using RunningDaemon daemon = await model.ServeAsync();
        int refused = 0;
        for (int i = 0; i < 20; i++)
        {
            float[]? first = await EmbedAsync(daemon, $"text {i}");
            if (first is null)
            {
                refused++;
                while (first is null)
                {
                    first = await EmbedAsync(daemon, $"text {i}");
                }
            }

            // What is remembered is the answer with numbers.
            await Assert.That((await EmbedAsync(daemon, $"text {i}"))!.SequenceEqual(first)).IsTrue();
        }

        await Assert.That(refused).IsBetween(1, 19);

        async Task<float[]?> EmbedAsync(RunningDaemon asked, string text)
        {
            try
            {
                float[] embedding = (await asked.Client.PredictAsync(TextAsking.Textual(model.Name, text)).Within()).Clip!;
                await Assert.That(embedding.All(float.IsFinite)).IsTrue();
                return embedding;
            }
            catch (MlErrorException e) when (e.Code.Name == "model_unusable")
            {
                return null;
            }
        }
    }

    [Test]
    [Arguments("""{"embed_dim": 512}""", "values", Length, "512")]
    [Arguments("""{"embed_dim": 512}""", "", Length, "512")]
    [Arguments("""{"embed_dim": 512}""", "values", 1, "512")]
    [Arguments(null, "values", 1, "number")]
    [Arguments(null, "", 1, "a single number")]
    public async Task An_embedding_of_the_wrong_length_is_an_error_that_says_so(string? config, string declared, int length, string word)
    {
        OnnxGraph graph = new OnnxGraph("short").Input("image", OnnxType.Float, 1, 3, 8, 8)
            .Output("embedding", OnnxType.Float, 1, declared.Length > 0 ? (OnnxDim)declared : length)
            .Initializer("some", OnnxTensor.Int64s([1], [length])).Initializer("none", OnnxTensor.Int64s([1], [0]))
            .Initializer("axis", OnnxTensor.Int64s([1], [1]))
            .Node("Flatten", ["image"], ["flat"], OnnxAttribute.Int("axis", 1))
            .Node("Slice", ["flat", "none", "some", "axis"], ["embedding"]);
        using TempFolder cache = Written(graph.ToModel(), config);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException refusal = await daemon.Client.RefusalAsync(Name, s_white);
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
        await Assert.That(refusal.Message).Contains(word);
    }

    [Test]
    public async Task An_embedding_as_long_as_the_configuration_says_is_an_answer()
    {
        using TempFolder cache = Written(
            new OnnxGraph("flat").Input("image", OnnxType.Float, 1, 3, 8, 8).Output("embedding", OnnxType.Float, "rows", "values")
                .Node("Flatten", ["image"], ["embedding"], OnnxAttribute.Int("axis", 1)).ToModel(),
            $$"""{"embed_dim": {{Length}}}""");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await Assert.That((await daemon.Client.EmbedAsync(Name, s_white)).Clip!.Length).IsEqualTo(Length);
    }

    [Test]
    public async Task An_output_beyond_any_models_is_refused_before_it_is_copied()
    {
        const int Far = (1 << 24) + 1;
        byte[] model = new OnnxGraph("large").Input("image", OnnxType.Float, 1, 3, 8, 8)
            .Output("embedding", OnnxType.Float, "rows", "values")
            .Initializer("shape", OnnxTensor.Int64s([2], [1, Far]))
            .Node("ReduceMax", ["image"], ["most"], OnnxAttribute.Int("keepdims", 0)).Node("Expand", ["most", "shape"], ["embedding"])
            .ToModel();
        using TempFolder cache = Written(model, config: null);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        MlErrorException refusal = await daemon.Client.RefusalAsync(Name, s_white);
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
        await Assert.That(refusal.Message).Contains($"{Far}");
    }

    [Test]
    [Arguments("box", float.PositiveInfinity)]
    [Arguments("box", float.NaN)]
    [Arguments("box", 3e38f)]
    [Arguments("landmarks", float.NegativeInfinity)]
    [Arguments("score", float.NaN)]
    [Arguments("score", float.PositiveInfinity)]
    public async Task A_face_with_a_number_that_is_not_finite_is_left_out_and_the_log_says_how_many(string spoilt, float with)
    {
        using TempFolder cache = FaceCache(new DetectorExport(Spoilt: spoilt, With: with), FaceModels.Recognizer("n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);

        // Red is found at stride 8, blue at stride 32.
        byte[] picture = FacePicture.Draw([new DrawnFace(80, 80, 8, 250), new DrawnFace(320, 320, 32, 250)]);
        IReadOnlyList<FaceResult> faces = (await daemon.Client.PredictAsync(Faces.Both(picture, Name)).Within()).Faces!;
        await Assert.That(faces.Count).IsEqualTo(1);
        await Assert.That(faces[0].BoundingBox.Concat(faces[0].Landmarks!).Append(faces[0].Score).All(float.IsFinite)).IsTrue();
        await daemon.Log.WaitAsync("faces, boxes or lines left out");
    }

    [Test]
    public async Task A_detector_whose_scores_are_all_NaN_has_not_answered()
    {
        using TempFolder cache = FaceCache(new DetectorExport(Spoilt: "all scores", With: float.NaN), FaceModels.Recognizer("n"));
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await RefusedAsync(daemon, Faces.Both(FacePicture.Draw([new DrawnFace(80, 80, 8, 250)]), Name));
    }

    [Test]
    public async Task A_face_whose_embedding_is_no_number_is_an_error()
    {
        byte[] recognizer = new OnnxGraph("roots").Input("input.1", OnnxType.Float, "n", 3, 112, 112)
            .Output("embedding", OnnxType.Float, "n", 48)
            .Initializer("far", OnnxTensor.Floats([], [10]))
            .Node("AveragePool", ["input.1"], ["cells"], OnnxAttribute.Ints("kernel_shape", 28, 28), OnnxAttribute.Ints("strides", 28, 28))
            .Node("Flatten", ["cells"], ["rows"], OnnxAttribute.Int("axis", 1))
            .Node("Sub", ["rows", "far"], ["below"]).Node("Sqrt", ["below"], ["embedding"]).ToModel();
        using TempFolder cache = FaceCache(new DetectorExport(), recognizer);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await RefusedAsync(daemon, Faces.Both(FacePicture.Draw([new DrawnFace(80, 80, 8, 250), new DrawnFace(320, 320, 32, 250)]), Name));
    }

    static TempFolder FaceCache(DetectorExport detector, byte[] recognizer)
    {
        var cache = new TempFolder();
        cache.Write(FaceModels.Detector(detector), "facial-recognition", Name, "detection", "model.onnx");
        cache.Write(recognizer, "facial-recognition", Name, "recognition", "model.onnx");
        return cache;
    }

    static async Task RefusedAsync(RunningDaemon daemon, PredictRequest request)
    {
        MlErrorException refusal =
            (await Assert.That(async () => await daemon.Client.PredictAsync(request).Within()).Throws<MlErrorException>())!;
        await Assert.That(refusal.Code.Name).IsEqualTo("model_unusable");
        await Assert.That(refusal.Message).Contains("on cpu");
    }

    /// <summary>What is yellow is 1 in the map, and infinity or NaN once it is divided.</summary>
    [Test]
    [Arguments(true)]
    [Arguments(false)]
    public async Task A_text_box_whose_score_is_infinite_is_left_out_and_a_map_of_NaN_is_an_error(bool isInfinite)
    {
        byte[] detector = new OnnxGraph("text places").Input("x", OnnxType.Float, 1, 3, "height", "width")
            .Output("map", OnnxType.Float, 1, 1, "height", "width")
            .Initializer("w", OnnxTensor.Floats([1, 3, 1, 1], [-1, 0.5f, 0.5f]))
            .Initializer("least", OnnxTensor.Floats([], [0])).Initializer("most", OnnxTensor.Floats([], [1]))
            .Node("Conv", ["x", "w"], ["yellow"]).Node("Clip", ["yellow", "least", "most"], ["share"])
            .Node("Sub", [isInfinite ? "most" : "share", "share"], ["rest"]).Node("Div", [isInfinite ? "share" : "rest", "rest"], ["map"])
            .ToModel();
        using var cache = new TempFolder();
        const string OfText = "no_numbers";
        cache.Write(detector, "ocr", OfText, "detection", "model.onnx");
        cache.Write(TextModels.Recognizer(TextModels.Characters, "n"), "ocr", OfText, "recognition", "model.onnx");
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        PredictRequest request = Texts.Both(TextPicture.Draw(500, 300, new DrawnLine(60, 60, "ABC")), OfText);
        if (!isInfinite)
        {
            await RefusedAsync(daemon, request);
            return;
        }

        OcrResult ocr = (await daemon.Client.PredictAsync(request).Within()).Ocr!;
        await Assert.That((ocr.Text!.Count, ocr.Box.Length, ocr.BoxScore.Length)).IsEqualTo((0, 0, 0));
        await daemon.Log.WaitAsync("faces, boxes or lines left out");
    }

    [Test]
    [Arguments(float.NaN, 2)]
    [Arguments(float.PositiveInfinity, 2)]
    [Arguments(float.PositiveInfinity, 0)]
    [Arguments(float.NaN, 0)]
    public async Task A_line_of_text_with_a_step_that_is_no_number_has_no_score(float number, int column)
    {
        float[] steps = [0.1f, 0.8f, 0.1f, 0.8f, 0.1f, 0.1f, 0.2f, 0.3f, 0.5f];
        var decoder = new CtcDecoder(["", "A", "B"], roundsScores: false);
        await Assert.That(decoder.Decode(steps, 3).Text).IsEqualTo("AB");
        steps[6 + column] = number;
        await Assert.That(decoder.Decode(steps, 3)).IsEqualTo(("", double.NaN));
    }
}
