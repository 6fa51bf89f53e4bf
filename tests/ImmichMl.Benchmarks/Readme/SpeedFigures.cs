using ImmichMl.Inference.Sessions;
using Microsoft.ML.OnnxRuntime;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>Pictures and queries a second: CLIP beside ONNX Runtime alone, faces and text by themselves.</summary>
sealed class SpeedFigures(ReleaseTree tree, Workload work, DaemonProcess daemon, Extent extent)
{
    const int Users = 8;
    const int Tokens = 77;
    const int Side = 224;

    // <|startoftext|>, a photo of two dogs, <|endoftext|>: what is asked changes nothing of the cost.
    static readonly int[] s_query = [49406, 320, 1125, 539, 1237, 3255, 49407];

    readonly LoadGenerator _load = new(tree, daemon);

    public Task<Row> OnePictureAsync() => PictureAsync(1, Environment.ProcessorCount);

    public Task<Row> PicturesAsync() => PictureAsync(Users, 1);

    async Task<Row> PictureAsync(int users, int threads)
    {
        string preview = Path.Combine(work.Corpus, "formats", "prev_420.jpg");
        using InferenceSession bare = Open("visual", threads);
        Paired paired = await Paired.RunAsync(
            extent.Rounds,
            () => Paired.BareAsync(bare, Environment.ProcessorCount / threads, extent.Turn, Pixels),
            () => _load.RunAsync(users, extent.Turn, "image", "--pictures", preview));
        string what = $"CLIP ViT-B/32 from a JPEG of 1440 × 1080, {Of(users)}";
        return Speed(what, paired.Ours, $"; ONNX Runtime alone, {Alone(threads)}, {Beside(paired)}");
    }

    public async Task<Row> QueryAsync(int users)
    {
        int threads = users == 1 ? Environment.ProcessorCount : 1;
        using InferenceSession bare = Open("textual", threads);
        Paired paired = await Paired.RunAsync(
            extent.Rounds,
            () => Paired.BareAsync(bare, Environment.ProcessorCount / threads, extent.Turn, Ids),
            () => _load.RunAsync(users, extent.Turn, "text"));
        string beside = $"; ONNX Runtime alone on the published graph with all {Tokens} tokens, {Alone(threads)}, {Beside(paired)}";
        return Speed($"a search query, ViT-B/32, {Of(users)}", paired.Ours, beside);
    }

    public Task<Row> OneFaceAsync() => FacesAsync("one face, 1080 × 1080, SCRFD of 2.5G's cost", DrawnPictures.OneFace(work.Preview), 1);

    public Task<Row> GroupAsync() =>
        FacesAsync("a group of 21 faces, 1440 × 601, the same (the recognizer is tiny)", DrawnPictures.Group(work.Preview), 21);

    async Task<Row> FacesAsync(string what, byte[] picture, int faces)
    {
        await using MlClient client = Workload.Connect(daemon);
        PredictResult answer = await client.PredictAsync(Workload.FaceRequest(picture, SyntheticCache.Costly));
        if (answer.Faces?.Count != faces)
        {
            throw new InvalidOperationException($"{answer.Faces?.Count} faces were found where {faces} were drawn");
        }

        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "faces.jpg");
        await File.WriteAllBytesAsync(file, picture);
        Turn turn = await _load.RunAsync(1, extent.Turn * 2, "faces", "--faces-model", SyntheticCache.Costly, "--pictures", file);
        return Speed($"{what}, {Of(1)}", turn, "");
    }

    public async Task<Row> PageAsync(int users)
    {
        string page = Path.Combine(work.Corpus, "text", "rapidocr_ch_en_num.jpg");
        await using MlClient client = Workload.Connect(daemon);
        PredictResult answer = await client.PredictAsync(Workload.OcrRequest(await File.ReadAllBytesAsync(page)));
        int texts = answer.Ocr?.Text is { Count: > 0 and var found } ? found : throw new InvalidOperationException("no text was found");
        Turn turn = await _load.RunAsync(users, extent.Turn * 2, "ocr", "--pictures", page);
        return Speed($"a page of {texts} texts, {answer.ImageWidth} × {answer.ImageHeight}, PP-OCR mobile, {Of(users)}", turn, "");
    }

    static string Alone(int threads) => threads == 1 ? "one run of one thread on each core" : "one run on all cores";

    static string Beside(Paired paired) =>
        $"{paired.Bare.Rate:0.0}/s, p50 {paired.Bare.Median:0.0} ms: "
            + $"{paired.Ratio:0.00} ({paired.Least:0.00}–{paired.Most:0.00}) times its rate";

    static string Of(int users) => users == 1 ? "1 user" : $"{users} users";

    static Row Speed(string what, Turn ours, string beside) =>
        new Row(what, $"{ours.Rate:0.0}/s, p50 {ours.Median:0.0} ms, {ours.Processor:0} ms of processor time{beside}");

    InferenceSession Open(string type, int threads)
    {
        RuntimeLibrary.DisableTelemetry();
        using var options = new SessionOptions { IntraOpNumThreads = threads, InterOpNumThreads = 1 };

        // Awake within a run, as is ONNX Runtime's own choice; not after it, because the other side's turn is next.
        options.AddSessionConfigEntry("session.force_spinning_stop", "1");
        return new InferenceSession(Path.Combine(work.Cache, "clip", Workload.Clip, type, "model.onnx"), options);
    }

    static OrtValue Pixels() => OrtValue.CreateTensorValueFromMemory(new float[3 * Side * Side], [1, 3, Side, Side]);

    static OrtValue Ids() =>
        OrtValue.CreateTensorValueFromMemory([.. s_query, .. Enumerable.Repeat(s_query[^1], Tokens - s_query.Length)], [1, Tokens]);
}
