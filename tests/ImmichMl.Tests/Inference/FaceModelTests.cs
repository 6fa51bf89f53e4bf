using ImmichMl.Tests.Support.Synthetic;

namespace ImmichMl.Tests.Inference;

/// <summary>Detectors and recognizers that differ from the usual export.</summary>
public sealed class FaceModelTests
{
    const string Name = "odd__faces";

    static readonly byte[] Group = DemoFaces.Draw(640, 480, DemoFaces.Group).ToPng();

    public sealed record Model(string What, byte[] Onnx)
    {
        public override string ToString() => What;
    }

    public static IEnumerable<Model> Detectors() =>
    [
        new("batch axis", new SyntheticScrfd { BatchAxis = true }.ToModel()),
        new("one anchor", new SyntheticScrfd { Anchors = 1 }.ToModel()),
        new("640 fixed", new SyntheticScrfd { Height = 640, Width = 640 }.ToModel()),
        new("480 × 640 fixed", new SyntheticScrfd { Height = 480, Width = 640 }.ToModel()),
        new("half precision", new SyntheticScrfd { Half = true }.ToModel()),
        new("outputs backwards", new SyntheticScrfd { Order = names => names.Reverse() }.ToModel()),
        new("SCRFD-2.5G's cost", new SyntheticScrfd { Height = 640, Width = 640, Costly = true }.ToModel()),
        new("outputs by stride", new SyntheticScrfd { Order = names => names.OrderBy(name => name.Split('_')[1]) }.ToModel()),
    ];

    public static IEnumerable<Model> NoDetectors() =>
    [
        new("one output short", new SyntheticScrfd { Order = names => names.Skip(1) }.ToModel()),
        new("scores of one stride for landmarks of another",
            new SyntheticScrfd { Order = names => names.Take(8).Append("score_8_at") }.ToModel()),
        new("scores and boxes only of some strides", new SyntheticScrfd { Order = names => names.Skip(3) }.ToModel()),
        new("four channels' worth of width", new SyntheticScrfd { Width = 100_000 }.ToModel()),
        new("a recognizer", new SyntheticArcFace().ToModel()),
    ];

    public static IEnumerable<Model> Recognizers() =>
    [
        new("free batch", new SyntheticArcFace().ToModel()),
        new("batch of one", new SyntheticArcFace { Batch = 1 }.ToModel()),
        new("batch of four", new SyntheticArcFace { Batch = 4 }.ToModel()),
        new("throws for more than one", new SyntheticArcFace { Rows = [1, SyntheticArcFace.Length] }.ToModel()),
        new("one row for many", new SyntheticArcFace { MostRows = 1 }.ToModel()),
        new("normalizes inside", new SyntheticArcFace { NormalizesInside = true }.ToModel()),
        new("normalizes inside, by older names",
            new SyntheticArcFace { NormalizesInside = true, Names = ("_minusscalar0", "_mulscalar0") }.ToModel()),
    ];

    [Test]
    [MethodDataSource(nameof(Detectors))]
    public async Task Every_kind_of_detector_finds_the_same_faces(Model model)
    {
        string wanted = await FoundBy(new SyntheticScrfd().ToModel());
        await Assert.That(wanted.Split('\n').Length).IsEqualTo(DemoFaces.Group.Count);
        await Assert.That(await FoundBy(model.Onnx)).IsEqualTo(wanted);
    }

    [Test]
    [MethodDataSource(nameof(NoDetectors))]
    public async Task What_is_no_detector_is_unusable(Model model)
    {
        using TempFolder cache = Cache(model.Onnx, null);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        await Assert.That(await Refusal(daemon, Faces.Of(Group, Faces.Detection(Name)))).IsEqualTo("model_unusable");
        await daemon.Client.PingAsync().Within();
    }

    [Test]
    public async Task A_detector_without_landmarks_detects_but_its_faces_cannot_be_recognized()
    {
        using TempFolder cache = Cache(new SyntheticScrfd { Landmarks = false }.ToModel(), new SyntheticArcFace().ToModel());
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        IReadOnlyList<FaceResult> faces = (await daemon.Client.PredictAsync(Faces.Of(Group, Faces.Detection(Name))).Within()).Faces!;
        await Assert.That(faces.Count).IsEqualTo(DemoFaces.Group.Count);
        await Assert.That(faces.All(face => face.Landmarks is null)).IsTrue();
        await Assert.That(await Refusal(daemon, Faces.Both(Group, Name))).IsEqualTo("invalid_request");
        byte[] empty = new Canvas(320, 240, 0x808080).ToBmp();
        await Assert.That((await daemon.Client.PredictAsync(Faces.Both(empty, Name)).Within()).Faces!).IsEmpty();
    }

    [Test]
    public async Task Recognition_alone_lacks_its_detection()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await Assert.That(await Refusal(daemon, Faces.Of(Group, Ask.Task("facial-recognition", "recognition"))))
            .IsEqualTo("missing_dependency");
    }

    [Test]
    [MatrixDataSource]
    public async Task Twenty_one_faces_get_the_embeddings_that_each_gets_alone(
        [MatrixMethod<FaceModelTests>(nameof(Recognizers))] Model model, [Matrix(0, 1, 3)] int batch)
    {
        DemoPerson[] people = [DemoFaces.Ada, DemoFaces.Ben, DemoFaces.Cleo];
        DemoFace[] crowd =
            [.. Enumerable.Range(0, 21).Select(i => new DemoFace(people[i % 3], 45 + (i % 7 * 90), 70 + (i / 7 * 160), 14 + (i % 4)))];
        byte[] picture = DemoFaces.Draw(640, 480, crowd).ToPng();
        IReadOnlyList<FaceResult> wanted = await RecognizedBy(new SyntheticArcFace { Batch = 1 }.ToModel(), 1, picture);
        IReadOnlyList<FaceResult> found = await RecognizedBy(model.Onnx, batch, picture);
        await Assert.That(wanted.Count).IsEqualTo(21);
        await Assert.That(found.Count).IsEqualTo(21);
        foreach ((FaceResult one, FaceResult other) in found.Zip(wanted))
        {
            await Assert.That(one.BoundingBox.SequenceEqual(other.BoundingBox)).IsTrue();
            await Assert.That(one.Embedding!.Length).IsEqualTo(SyntheticArcFace.Length);
            await Assert.That(one.Embedding.Zip(other.Embedding!, (a, b) => Math.Abs(a - b)).Max()).IsLessThan(1e-4f);
        }
    }

    [Test]
    public async Task Requests_at_the_same_time_never_see_each_others_least_score()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        for (int round = 0; round < 15; round++)
        {
            PredictResult[] answers = await Task.WhenAll(new[] { 0.5, 0.9999, 0.5, 0.9999 }.Select(score =>
                daemon.Client.PredictAsync(Faces.Of(Group, Faces.Detection(minScore: score))))).Within();
            await Assert.That(string.Join(' ', answers.Select(answer => answer.Faces!.Count == 0))).IsEqualTo("False True False True");
        }
    }

    static async Task<string> FoundBy(byte[] detector)
    {
        using TempFolder cache = Cache(detector, null);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path);
        IReadOnlyList<FaceResult> faces = (await daemon.Client.PredictAsync(Faces.Of(Group, Faces.Detection(Name))).Within()).Faces!;

        // In steps of four pixels: half precision moves an edge by one.
        return string.Join('\n', faces.Select(face => string.Join(' ', face.BoundingBox.Select(edge => Math.Round(edge / 4)))).Order(
            StringComparer.Ordinal));
    }

    static async Task<IReadOnlyList<FaceResult>> RecognizedBy(byte[] recognizer, int batch, byte[] picture)
    {
        using TempFolder cache = Cache(new SyntheticScrfd().ToModel(), recognizer);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(
            cache.Path, ("MACHINE_LEARNING_MAX_BATCH_SIZE__FACIAL_RECOGNITION", $"{batch}"),
            ("MACHINE_LEARNING_RULES", ImmichRules.Older));
        return (await daemon.Client.PredictAsync(Faces.Both(picture, Name)).Within()).Faces!;
    }

    static async Task<string> Refusal(RunningDaemon daemon, PredictRequest request) =>
        (await Assert.That(() => (Task)daemon.Client.PredictAsync(request).Within()).Throws<MlErrorException>())!.Code.Name;

    static TempFolder Cache(byte[] detector, byte[]? recognizer)
    {
        var cache = new TempFolder();
        cache.Write(detector, "facial-recognition", Name, "detection", "model.onnx");
        if (recognizer is not null)
        {
            cache.Write(recognizer, "facial-recognition", Name, "recognition", "model.onnx");
        }

        return cache;
    }
}
