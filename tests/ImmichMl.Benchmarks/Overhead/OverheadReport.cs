namespace ImmichMl.Benchmarks.Overhead;

/// <summary>
/// What is not model time, each bar against a published daemon: <c>stages</c>, one user; <c>collections</c>, what the collector does in
/// 10,000 requests. The cache holds CLIP by make_clip.py and
/// PP-OCR under <see cref="Workload"/>'s names; faces are synthetic, and <see cref="Workload.Faces"/> where the cache has it. The corpus
/// has folders formats, photos and text.
/// </summary>
static class OverheadReport
{
    const int Many = 10_000;
    const int Pages = 500;

    public static async Task<int> RunAsync(string bar, string binary, string cache, string corpus)
    {
        Func<Workload, Task>? run = bar switch
        {
            "stages" => StagesAsync,
            "collections" => CollectionsAsync,
            _ => null,
        };
        if (run is null)
        {
            Console.Error.WriteLine($"There is no bar '{bar}'.");
            return 2;
        }

        await run(new Workload(binary, cache, corpus));
        return 0;
    }

    static async Task StagesAsync(Workload work)
    {
        Console.WriteLine("| one user, ms at p50 | model | its stages | sum of those | total less model | allocated |");
        Console.WriteLine("|---|---|---|---|---|---|");
        using (var models = new SyntheticCache())
        {
            using DaemonProcess faces = await DaemonProcess.StartAsync(work.Binary, models.Folder);
            await using MlClient client = Workload.Connect(faces);
            await Faces("one drawn face, 1080 × 1080, synthetic", SyntheticCache.Costly, DrawnPictures.OneFace(
                work.Preview), 1).MeasureAsync(client);
            await Faces(
                "21 drawn faces, 1440 × 601, synthetic", SyntheticCache.Costly, DrawnPictures.Group(work.Preview), 21).MeasureAsync(client);
        }

        using DaemonProcess daemon = await work.StartAsync();
        await using MlClient others = Workload.Connect(daemon);
        if (Directory.Exists(Path.Combine(work.Cache, "facial-recognition", Workload.Faces)))
        {
            byte[] family = File.ReadAllBytes(Path.Combine(work.Corpus, "photos", "fas_obama_family.jpg"));
            await Faces($"photograph of a family, 640 × 427, {Workload.Faces}", Workload.Faces, family, null).MeasureAsync(others);
        }

        await work.PrepareAsync(others, Workload.Visual(), Workload.Textual());
        await Page(work).MeasureAsync(others);
        await Query(work).MeasureAsync(others);
        await Picture(work).MeasureAsync(others);
    }

    static async Task CollectionsAsync(Workload work)
    {
        Console.WriteLine("| one user | requests | allocated by each | collections by generation |");
        Console.WriteLine("|---|---|---|---|");
        using var models = new SyntheticCache();
        await CollectAsync(work, models.Folder, Words(DrawnPictures.Words(), "FOX", "FINDS"), Many);
        await CollectAsync(
            work, models.Folder, Faces("a drawn face, light models", SyntheticCache.Light, DrawnPictures.SmallFace(work.Preview), 1), Many);
        await CollectAsync(
            work, models.Folder, Faces("21 drawn faces, light models", SyntheticCache.Light, DrawnPictures.Group(work.Preview), 21), Pages);
        await CollectAsync(work, work.Cache, Page(work), Pages);
        await CollectAsync(work, work.Cache, Query(work), Many);
        await CollectAsync(work, work.Cache, Picture(work), Many);
    }

    /// <summary>A daemon for each: models that lie idle are unloaded after five minutes, and then memory is given back.</summary>
    static async Task CollectAsync(Workload work, string cache, Scenario scenario, int requests)
    {
        using DaemonProcess daemon = await DaemonProcess.StartAsync(work.Binary, cache);
        await using MlClient client = Workload.Connect(daemon);
        await scenario.CollectAsync(client, requests);
    }

    static Scenario Faces(string name, string model, byte[] picture, int? faces) =>
        new(name, () => Request(
            "facial-recognition", model, picture), answer => faces is null ? answer.Faces is { Count: > 0 } : answer.Faces?.Count == faces);

    static Scenario Words(byte[] picture, params string[] words) =>
        new("two drawn words, light models", () => Request(
            "ocr", SyntheticCache.Light, picture), answer => answer.Ocr?.Text?.SequenceEqual(words) == true);

    static Scenario Page(Workload work)
    {
        byte[] page = File.ReadAllBytes(Path.Combine(work.Corpus, "text", "rapidocr_ch_en_num.jpg"));
        return new Scenario(
            "text of rapidocr_ch_en_num.jpg", () => Workload.OcrRequest(page), answer => answer.Ocr?.Text is { Count: > 0 });
    }

    static Scenario Query(Workload work) => new("query, ViT-B/32", () => work.Query(), answer => answer.Clip is not null);

    static Scenario Picture(Workload work) =>
        new("CLIP of prev_420.jpg, ViT-B/32", () => work.ImageRequest(), answer => answer.Clip is not null);

    static PredictRequest Request(string task, string model, byte[] picture) => new()
    {
        Id = 0,
        Tasks = [new TaskEntry { Task = task, Type = "detection", ModelName = model },
            new TaskEntry { Task = task, Type = "recognition", ModelName = model }],
        Image = new ReadOnlySequence<byte>(picture),
    };
}
