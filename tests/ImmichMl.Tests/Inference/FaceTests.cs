namespace ImmichMl.Tests.Inference;

/// <summary>Over the socket, on models that FaceModels makes.</summary>
public sealed class FaceTests
{
    const string Name = "made__up";

    internal static IEnumerable<DetectorExport> Exports() =>
    [
        new(), new(BatchAxis: true), new(Side: 640), new(BatchAxis: true, Side: 640), new(Scrambled: true), new(
            BatchAxis: true, Scrambled: true),
        new(Landmarks: false), new(Landmarks: false, BatchAxis: true), new(Landmarks: false, Side: 640), new(Side: 320), new(
            BatchAxis: true, Side: 320),
    ];

    public static IEnumerable<string> ExportNames() => Exports().Select(export => export.ToString());

    [Test]
    [MethodDataSource(nameof(ExportNames))]
    public async Task Every_export_of_a_detector_finds_the_same_three_faces(string what)
    {
        DetectorExport export = Exports().Single(export => export.ToString() == what);
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(export));

        // A canvas of 320 sees a picture of 640 at half its size: what was drawn is found twice as large.
        int scale = export.Side == 320 ? 2 : 1;
        DrawnFace[] drawn = [new(128, 128, 8), new(320, 192, 16, 230), new(448, 448, 32, 210)];
        IReadOnlyList<FaceResult> faces = await setup.FindAsync(FacePicture.Draw(drawn, export.Side == 320 ? 1 : 2));
        await Assert.That(faces.Count).IsEqualTo(3);
        float toSource = export.Side == 320 ? 1 : 2;
        foreach ((FaceResult face, DrawnFace was) in faces.Zip(drawn))
        {
            float reach = FaceModels.Reach * was.Stride * scale;
            float[] expected = [.. new[] { was.X - reach, was.Y - reach, was.X + reach, was.Y + reach }.Select(v => v * toSource)];
            await Assert.That(face.BoundingBox.Zip(expected, (got, wanted) => Math.Abs(got - wanted)).Max()).IsLessThanOrEqualTo(0.5f);
            await Assert.That(face.Score).IsEqualTo(was.Purity / 255f).Within(0.005f);
            await Assert.That(face.Landmarks?.Length ?? 0).IsEqualTo(export.Landmarks ? 10 : 0);
        }
    }

    [Test]
    public async Task A_picture_without_faces_has_none_and_a_recognizer_has_nothing_to_do()
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()), FaceModels.Recognizer(1));
        await Assert.That(await setup.FindAsync(FacePicture.Draw([]))).IsEmpty();
        await Assert.That(await setup.RecognizeAsync(FacePicture.Draw([]))).IsEmpty();
    }

    internal static IEnumerable<(string What, byte[] Model)> Recognizers() =>
    [
        ("a batch of one", FaceModels.Recognizer(1)),
        ("a free batch", FaceModels.Recognizer("n")),
        ("a batch of four", FaceModels.Recognizer(4)),
        ("all rows in one", FaceModels.Recognizer("n", end: RowEnd.OneRow)),
        ("a fixed reshape", FaceModels.Recognizer("n", end: RowEnd.FixedShape)),
        ("the first row only", FaceModels.Recognizer("n", end: RowEnd.FirstOnly)),
        ("normalizing inside, Sub and Mul", FaceModels.Recognizer("n", normalizing: ("Sub_0", "Mul_1"))),
        ("normalizing inside, _minus and _mul", FaceModels.Recognizer(1, normalizing: ("_minusscalar0", "_mulscalar0"))),
        ("half precision", FaceModels.Recognizer("n", OnnxType.Float16)),
        ("half precision, a batch of one", FaceModels.Recognizer(1, OnnxType.Float16)),
    ];

    public static IEnumerable<string> RecognizerNames() => Recognizers().Select(recognizer => recognizer.What);

    [Test]
    [MethodDataSource(nameof(RecognizerNames))]
    public async Task Twenty_one_faces_have_their_twenty_one_embeddings_whatever_the_graph_does(string what)
    {
        byte[] picture = FacePicture.Draw(FacePicture.Group(21));
        float[][] wanted = await EmbeddingsAsync(FaceModels.Recognizer(1), picture);
        (string, string) older = ("MACHINE_LEARNING_RULES", ImmichRules.Older);
        float[][] got = await EmbeddingsAsync(Recognizers().Single(recognizer => recognizer.What == what).Model, picture, older);
        await Assert.That(got.Length).IsEqualTo(21);
        for (int i = 0; i < 21; i++)
        {
            await Assert.That(got[i].Length).IsEqualTo(FaceModels.EmbeddingLength);
            await Assert.That(got[i].Zip(wanted[i], (a, b) => Math.Abs(a - b)).Max()).IsLessThanOrEqualTo(0.005f);
        }

        // No two faces look the same, by twice the tolerance, so that a mix-up of rows shows.
        double nearest = (from i in Enumerable.Range(0, 21)
                          from j in Enumerable.Range(0, i)
                          select wanted[i].Zip(wanted[j], (a, b) => Math.Abs(a - b)).Max()).Min();
        await Assert.That(nearest).IsGreaterThan(0.01);
    }

    [Test]
    public async Task Under_3_3_a_graph_that_normalizes_inside_is_fed_as_any_other()
    {
        byte[] picture = FacePicture.Draw(FacePicture.Group(1));
        float[] wanted = (await EmbeddingsAsync(FaceModels.Recognizer(1), picture))[0];
        float[] got = (await EmbeddingsAsync(FaceModels.Recognizer("n", normalizing: ("Sub_0", "Mul_1")), picture))[0];
        await Assert.That(got.Zip(wanted, (a, b) => Math.Abs(a - b)).Max()).IsGreaterThan(0.1f);
    }

    [Test]
    [Arguments(1)]
    [Arguments(3)]
    [Arguments(16)]
    [Arguments(1000)]
    public async Task The_batch_size_of_the_settings_changes_no_embedding(int size)
    {
        byte[] picture = FacePicture.Draw(FacePicture.Group(21));
        float[][] wanted = await EmbeddingsAsync(FaceModels.Recognizer(1), picture);
        float[][] got = await EmbeddingsAsync(
            FaceModels.Recognizer("n"), picture, ("MACHINE_LEARNING_MAX_BATCH_SIZE__FACIAL_RECOGNITION", $"{size}"));
        await Assert.That(got.SelectMany(row => row).Zip(wanted.SelectMany(row => row), (a, b) => Math.Abs(a - b)).Max())
            .IsLessThanOrEqualTo(1e-5f);
    }

    [Test]
    public async Task Embeddings_of_many_at_once_are_each_their_own()
    {
        // Arrays are given back when an answer is written: who got another's would see other numbers than alone.
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()), FaceModels.Recognizer("n"));
        byte[][] pictures =
            [FacePicture.Draw(FacePicture.Group(21)), FacePicture.Draw(FacePicture.Group(9)), FacePicture.Draw(FacePicture.Group(2))];
        var alone = new List<float[][]>();
        foreach (byte[] picture in pictures)
        {
            alone.Add([.. (await setup.RecognizeAsync(picture)).Select(face => face.Embedding!)]);
        }

        await Assert.That(alone[0].Length).IsEqualTo(21);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async peer =>
        {
            for (int round = 0; round < 20; round++)
            {
                int which = (peer + round) % pictures.Length;
                IReadOnlyList<FaceResult> faces = await setup.RecognizeAsync(pictures[which]);
                if (!faces.Zip(alone[which]).All(pair => pair.First.Embedding!.SequenceEqual(pair.Second))
                    || faces.Count != alone[which].Length)
                {
                    throw new InvalidOperationException($"Picture {which} came out otherwise in round {round}.");
                }
            }
        }));
    }

    [Test]
    public async Task A_detector_without_landmarks_cannot_be_recognized_from_and_says_so()
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new(Landmarks: false)), FaceModels.Recognizer(1));
        MlErrorException refusal = await Assert.That(() => (Task)setup.RecognizeAsync(FacePicture.Draw(FacePicture.Group(2))))
            .Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
        await Assert.That(refusal.Code.Name).IsEqualTo("invalid_request");
        await Assert.That(refusal.Error.Message).Contains("landmarks");
    }

    [Test]
    public async Task Recognition_without_its_detection_is_a_missing_dependency()
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()), FaceModels.Recognizer(1));
        PredictRequest request = setup.Request(FacePicture.Draw([]), null, "recognition");
        MlErrorException refusal = await Assert.That(() => (Task)setup.Client.PredictAsync(request)).Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
        await Assert.That(refusal.Code.Name).IsEqualTo("missing_dependency");
    }

    [Test]
    [Arguments(double.NegativeInfinity)]
    [Arguments(double.PositiveInfinity)]
    [Arguments(double.NaN)]
    public async Task A_score_that_is_none_is_refused(double score)
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()));
        MlErrorException refusal = await Assert.That(() => (Task)setup.FindAsync(FacePicture.Draw([]), score)).Throws<MlErrorException>()
            ?? throw new InvalidOperationException("It was answered.");
        await Assert.That(refusal.Code.Name).IsEqualTo("invalid_request");
    }

    [Test]
    public async Task Requests_at_the_same_time_keep_their_own_minScore()
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()));

        // Purities 255 down to 235: scores from 1 to 0.92.
        byte[] picture = FacePicture.Draw(FacePicture.Group(21));
        double[] thresholds = [0.7, 0.999, 0.98, 0.95, 0.93, 0];
        int[] wanted = [21, 1, 6, 13, 18];
        int[] got = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(async i => (await setup.FindAsync(picture, thresholds[i % 5])).Count));
        for (int i = 0; i < got.Length; i++)
        {
            await Assert.That(got[i]).IsEqualTo(wanted[i % 5]);
        }

        await Assert.That((await setup.FindAsync(picture)).Count).IsEqualTo(21);
    }

    [Test]
    public async Task Every_candidate_counts_at_minScore_0_and_the_answer_stays_bounded()
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()));
        IReadOnlyList<FaceResult> faces = await setup.FindAsync(FacePicture.Draw(FacePicture.Group(21)), 0);
        await Assert.That(faces.Count).IsBetween(21, 1000);
    }

    static async Task<float[][]> EmbeddingsAsync(byte[] recognizer, byte[] picture, params (string Name, string Value)[] settings)
    {
        await using Setup setup = await Setup.StartAsync(FaceModels.Detector(new()), recognizer, settings);
        return [.. (await setup.RecognizeAsync(picture)).Select(face => face.Embedding!)];
    }

    /// <summary>A daemon on a cache of its own that holds the given models.</summary>
    sealed class Setup(TempFolder cache, RunningDaemon daemon) : IAsyncDisposable
    {
        public MlClient Client => daemon.Client;

        public static async Task<Setup> StartAsync(
            byte[] detector, byte[]? recognizer = null, params (string Name, string Value)[] settings)
        {
            var cache = new TempFolder();
            cache.Write(detector, "facial-recognition", Name, "detection", "model.onnx");
            if (recognizer is not null)
            {
                cache.Write(recognizer, "facial-recognition", Name, "recognition", "model.onnx");
            }

            return new Setup(cache, await RunningDaemon.StartAsync(cache.Path, settings));
        }

        public async Task<IReadOnlyList<FaceResult>> FindAsync(byte[] picture, double? minScore = null) =>
            (await Client.PredictAsync(Request(picture, minScore, "detection")).Within()).Faces!;

        public async Task<IReadOnlyList<FaceResult>> RecognizeAsync(byte[] picture) =>
            (await Client.PredictAsync(Request(picture, null, "recognition", "detection")).Within()).Faces!;

        public PredictRequest Request(byte[] picture, double? minScore, params string[] types) => new()
        {
            Id = 0,
            Tasks =
            [
                .. types.Select(type => new TaskEntry
                {
                    Task = "facial-recognition", Type = type, ModelName = Name, Options = new TaskOptions { MinScore = minScore },
                }),
            ],
            Image = new ReadOnlySequence<byte>(picture),
        };

        public async ValueTask DisposeAsync()
        {
            await daemon.DisposeAsync();
            cache.Dispose();
        }
    }
}
