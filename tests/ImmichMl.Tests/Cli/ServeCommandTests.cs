namespace ImmichMl.Tests.Cli;

public sealed class ServeCommandTests
{
    const string Model = "synthetic__demo";

    static readonly string DemoCache = Path.Combine(Repository.Root, "models", "demo");

    [Test]
    public async Task A_daemon_starts_answers_every_verb_and_stops_with_0_when_told_to()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(DemoCache);
        using var folder = new TempFolder();
        string picture = folder.Write(TestPicture.Bmp(30, 20), "picture.bmp");

        await Assert.That((await OkAsync(served.AskAsync("ping"))).Output).StartsWith("pong in ");
        await Assert.That((await OkAsync(served.AskAsync("health"))).Output.Trim()).IsEqualTo("healthy");
        JsonElement info = await JsonAsync(served.AskAsync("info", "--json"));
        await Assert.That(info.GetProperty("pid").GetInt32()).IsEqualTo(served.ProcessId);
        await Assert.That(info.GetProperty("ready").GetBoolean()).IsTrue();

        Finished size = await OkAsync(served.AskAsync("predict", "--tasks", "{}", picture));
        await Assert.That(size.Output.Trim()).IsEqualTo("""{"imageHeight":20,"imageWidth":30}""");
        string tasks = """{"clip":{"visual":{"modelName":"synthetic__demo"}}}""";
        JsonElement prediction = await JsonAsync(served.AskAsync("predict", "--tasks", tasks, picture));
        string clip = prediction.GetProperty("clip").GetString()!;
        await Assert.That(JsonSerializer.Deserialize(clip, CliJson.Default.SingleArray)!.Length).IsEqualTo(512);
        JsonElement embedded = await JsonAsync(served.AskAsync("embed", "--json", "--model", Model, picture));
        await Assert.That(embedded.GetProperty("embedding").GetRawText()).IsEqualTo(clip);
        await Assert.That((embedded.GetProperty("imageWidth").GetInt32(), embedded.GetProperty("imageHeight").GetInt32()))
            .IsEqualTo((30, 20));
        JsonElement models = await JsonAsync(served.AskAsync("models", "--json"));
        JsonElement visual = models.EnumerateArray().Single(model =>
            model.GetProperty("type").GetString() == "visual" && model.GetProperty("modelName").GetString() == Model);
        await Assert.That(visual.GetProperty("state").GetString()).IsEqualTo("loaded");

        served.Terminate();
        await Assert.That(await served.NotificationAsync()).StartsWith("STOPPING=1\n");
        Finished ended = await served.EndAsync();
        await Assert.That((ended.ExitCode, ended.Output)).IsEqualTo((0, "")).Because(ended.Errors);
        await Assert.That(File.Exists(served.Socket)).IsFalse();
    }

    [Test]
    public async Task The_daemons_refusals_become_exit_codes()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(DemoCache);
        using var folder = new TempFolder();
        string picture = folder.Write(TestPicture.Bmp(8, 8), "picture.bmp");
        string broken = folder.Write([1, 2, 3], "broken.bmp");
        await Assert.That((await served.AskAsync("embed", picture, "--model", "ViT-B-32__openai")).ExitCode).IsEqualTo(3);
        await Assert.That((await served.AskAsync("embed", picture, "--model", "no-such-model")).ExitCode).IsEqualTo(2);
        await Assert.That((await served.AskAsync("embed", broken, "--model", Model)).ExitCode).IsEqualTo(2);
        Finished unknown = await served.AskAsync("predict", "--tasks", """{"weather":{"now":{"modelName":"x"}}}""", picture);
        await Assert.That(unknown.ExitCode).IsEqualTo(2);
    }

    [Test]
    public async Task A_regular_file_in_the_sockets_place_is_left_alone_and_the_exit_code_is_3()
    {
        using var folder = new TempFolder();
        string file = folder.Write("precious"u8, "immich-ml.sock");
        Finished refused = await ChildProgram.RunAsync(["serve", "--socket", file, "--cache", DemoCache]);
        await Assert.That(refused.ExitCode).IsEqualTo(3).Because(refused.Errors);
        await Assert.That(refused.Errors).Contains(file);
        await Assert.That(await File.ReadAllTextAsync(file)).IsEqualTo("precious");
    }

    static async Task<Finished> OkAsync(Task<Finished> running)
    {
        Finished finished = await running;
        await Assert.That((finished.ExitCode, finished.Errors.Trim())).IsEqualTo((0, ""));
        return finished;
    }

    static async Task<JsonElement> JsonAsync(Task<Finished> running)
    {
        using var document = JsonDocument.Parse((await OkAsync(running)).Output);
        return document.RootElement.Clone();
    }
}
