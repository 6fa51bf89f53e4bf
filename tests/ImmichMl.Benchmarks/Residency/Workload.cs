namespace ImmichMl.Benchmarks.Residency;

/// <summary>What the bars ask for: models, pictures and queries.</summary>
sealed class Workload(string binary, string cache, string corpus)
{
    public const string Clip = "ViT-B-32__openai";
    public const string FreeBatch = "ViT-B-32__batch";
    public const string Faces = "face_m";
    public const string Ocr = "PP-OCRv5_mobile";

    int _queries;

    public string Binary => binary;

    public string Cache => cache;

    public string Corpus => corpus;

    public byte[] Preview { get; } = File.ReadAllBytes(Path.Combine(corpus, "formats", "prev_420.jpg"));

    public byte[][] Pictures { get; } = Read(corpus, "photos", "text");

    public CorpusPicture[] Formats { get; } = CorpusPicture.Read(corpus, "formats");

    public CorpusPicture[] Hostile { get; } = CorpusPicture.Read(corpus, "hostile");

    static byte[][] Read(string corpus, params string[] folders) =>
        [.. folders.SelectMany(
            folder => Directory.GetFiles(Path.Combine(corpus, folder)).Order(StringComparer.Ordinal)).Select(File.ReadAllBytes)];

    public Task<DaemonProcess> StartAsync(params (string, string)[] settings) => DaemonProcess.StartAsync(binary, cache, settings);

    public static MlClient Connect(DaemonProcess daemon) => new(new MlClientOptions { SocketPath = daemon.SocketPath });

    public static ModelAddress Visual(string name = Clip) => new("clip", "visual", name);

    public static ModelAddress Textual(string name = Clip) => new("clip", "textual", name);

    public PredictRequest ImageRequest(string name = Clip, byte[]? picture = null) =>
        Request(picture ?? Preview, Task("clip", "visual", name));

    public static PredictRequest FaceRequest(byte[] picture, string name = Faces) =>
        Request(picture, Task("facial-recognition", "detection", name), Task("facial-recognition", "recognition", name));

    public static PredictRequest OcrRequest(byte[] picture) =>
        Request(picture, Task("ocr", "detection", Ocr), Task("ocr", "recognition", Ocr));

    /// <summary>No two are alike: the daemon keeps the embeddings of the last ones.</summary>
    public PredictRequest Query(string name = Clip) => new()
    {
        Id = 0, Tasks = [Task("clip", "textual", name)], Text = $"a photo of {Interlocked.Increment(ref _queries)} dogs on the beach",
    };

    static PredictRequest Request(byte[] picture, params TaskEntry[] tasks) =>
        new() { Id = 0, Tasks = tasks, Image = new ReadOnlySequence<byte>(picture) };

    static TaskEntry Task(string task, string type, string name) => new() { Task = task, Type = type, ModelName = name };

    /// <summary>Waits until the daemon has made, unasked, the prepared copies of models that it has loaded.</summary>
    /// <returns>How long that took; null where one of them is not there in time.</returns>
    public async Task<TimeSpan?> WaitForCopiesAsync(TimeSpan limit, params ModelAddress[] models)
    {
        long since = Stopwatch.GetTimestamp();
        while (!models.All(HasCopy))
        {
            if (Stopwatch.GetElapsedTime(since) > limit)
            {
                return null;
            }

            await System.Threading.Tasks.Task.Delay(100);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    /// <summary>Loads models and waits until their prepared copies are there and in use.</summary>
    public async Task PrepareAsync(MlClient client, params ModelAddress[] models)
    {
        foreach (ModelAddress model in models)
        {
            await client.LoadAsync(model);
            if (await WaitForCopiesAsync(TimeSpan.FromSeconds(120), model) is null)
            {
                throw new InvalidOperationException($"{model} was not prepared within 120 s");
            }

            // The one that was loaded plain is exchanged in the background; loading anew is sure.
            await client.UnloadAsync(model);
            await client.LoadAsync(model);
        }
    }

    /// <summary>A copy under way lies in a folder called new-….</summary>
    bool HasCopy(ModelAddress model)
    {
        try
        {
            return Directory.GetFiles(Path.Combine(cache, ".prepared"), "weights.bin", SearchOption.AllDirectories)
                .Any(file => file.Contains(
                    $"/{model.ModelName}/{model.Type}/", StringComparison.Ordinal) && !file.Contains("/new-", StringComparison.Ordinal));
        }
        catch (DirectoryNotFoundException)
        {
            // None yet, or one that was just moved into place.
            return false;
        }
    }
}
