namespace ImmichMl.Tests.Gateway;

/// <summary>The table that a stock Immich relies on, row by row, over real HTTP and the real daemon.</summary>
public sealed class HttpTableTests
{
    const string Demo = """{"clip":{"visual":{"modelName":"demo__tiny"}}}""";
    const string Invalid = """{"detail":"Invalid request format."}""";
    const string Neither = """{"detail":"Either image or text must be provided"}""";
    const string NoTask = """{"detail":"No model task requested."}""";
    const string Missing = """{"detail":[{"type":"missing","loc":["body","entries"],"msg":"Field required","input":null}]}""";

    static byte[] Picture => TestPicture.Bmp(3, 2);

    [Test]
    [Arguments("GET", "/", 200, """{"message":"Immich ML"}""", "application/json")]
    [Arguments("GET", "/ping", 200, "pong", "text/plain")]
    [Arguments("GET", "/ready", 200, """{"ready":true}""", "application/json")]
    [Arguments("HEAD", "/ready", 200, "", "application/json")]
    [Arguments("HEAD", "/", 405, "", "application/json")]
    [Arguments("HEAD", "/ping", 405, "", "application/json")]
    [Arguments("HEAD", "/predict", 405, "", "application/json")]
    [Arguments("OPTIONS", "/ping", 405, """{"detail":"Method Not Allowed"}""", "application/json")]
    [Arguments("GET", "/nothing/", 404, """{"detail":"Not Found"}""", "application/json")]
    [Arguments("GET", "/predict", 405, """{"detail":"Method Not Allowed"}""", "application/json")]
    [Arguments("POST", "/ping", 405, """{"detail":"Method Not Allowed"}""", "application/json")]
    [Arguments("GET", "/Ping", 404, """{"detail":"Not Found"}""", "application/json")]
    [Arguments("POST", "/predict", 422, Missing, "application/json")]
    public async Task A_request_without_a_body_is_answered(string method, string path, int status, string body, string type)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        Answered answer = await gateway.SendAsync(request);
        await Assert.That((answer.Status, answer.Body, answer.Message.Content.Headers.ContentType!.MediaType))
            .IsEqualTo((status, body, type));
        if (status == 405)
        {
            await Assert.That(string.Join(", ", answer.Message.Content.Headers.Allow)).IsEqualTo(path == "/predict" ? "POST" : "GET");
        }
    }

    [Test]
    [Arguments("GET", "/ping/", "/ping")]
    [Arguments("GET", "/ping//", "/ping")]
    [Arguments("HEAD", "/ping/", "/ping")]
    [Arguments("POST", "/ping/", "/ping")]
    [Arguments("GET", "/predict/", "/predict")]
    [Arguments("POST", "/predict/?a=b&c", "/predict?a=b&c")]
    [Arguments("GET", "/status/", "/status")]
    public async Task An_address_with_a_slash_behind_it_leads_to_the_one_without(string method, string path, string location)
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        using var once = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(gateway.Address, path));
        using HttpResponseMessage answer = await once.SendAsync(request);
        await Assert.That((int)answer.StatusCode).IsEqualTo(307);
        await Assert.That(answer.Headers.GetValues("Location").Single()).IsEqualTo($"http://{gateway.Address.Authority}{location}");
        await Assert.That(answer.Content.Headers.ContentLength).IsEqualTo(0);
    }

    [Test]
    [Arguments("""{"clip":{"visual":{"modelName":"x"}},"clip":null}""", 422)]
    [Arguments("""{"clip":null,"clip":{}}""", 200)]
    [Arguments("""{"clip":{"visual":{"modelName":"x"},"visual":{"modelName":null}}}""", 422)]
    [Arguments("""{"facial-recognition":{"detection":{"modelName":"x","options":{"minScore":1e400}}}}""", 422)]
    [Arguments("""{"facial-recognition":{"detection":{"modelName":"x","options":{"minScore":-1e400}}}}""", 422)]
    public async Task The_last_of_two_members_of_a_name_counts_and_a_number_past_all_numbers_is_none(string entries, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That((await gateway.PredictAsync(entries, Picture)).Status).IsEqualTo(status);
    }

    [Test]
    [Arguments("[]", true, null, 422, Invalid)]
    [Arguments("""{"clip":null}""", true, null, 422, Invalid)]
    [Arguments("""{"clip":"visual"}""", true, null, 422, Invalid)]
    [Arguments("""{"clip":{"visual":{}}}""", true, null, 422, Invalid)]
    [Arguments("""{"clip":{"visual":{"modelName":"x","options":null}}}""", true, null, 422, Invalid)]
    [Arguments("""{"clip":{"visual":{}}}""", false, null, 422, Invalid)]
    [Arguments("{}", false, "", 400, Neither)]
    [Arguments("{}", true, "a text beside it", 200, """{"imageHeight":2,"imageWidth":3}""")]
    public async Task A_form_is_answered(string? entries, bool image, string? text, int status, string body)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        Answered answer = await gateway.PredictAsync(entries, image ? Picture : null, text);
        await Assert.That((answer.Status, answer.Body)).IsEqualTo((status, body));
    }

    /// <summary>Where the two generations differ, and where 3.3 answers as 2.7 does. An empty text: only the status counts.</summary>
    [Test]
    [Arguments(null, true, null, 422, Missing, 422, Missing)]
    [Arguments("", true, null, 422, Missing, 422, Missing)]
    [Arguments("clip", true, null, 422, Invalid, 422, Invalid)]
    [Arguments("{}", true, null, 200, """{"imageHeight":2,"imageWidth":3}""", 422, NoTask)]
    [Arguments("""{"clip":{}}""", true, null, 200, """{"imageHeight":2,"imageWidth":3}""", 422, NoTask)]
    [Arguments("""{"clip":{"visual":null}}""", true, null, 422, Invalid, 422, NoTask)]
    [Arguments("{}", false, null, 400, Neither, 422, NoTask)]
    [Arguments(Demo, false, null, 400, Neither, 400, Neither)]
    [Arguments(Demo, false, "", 400, Neither, 400, Neither)]
    [Arguments("""{"weather":{"now":{"modelName":"x"}}}""", true, null, 422, "", 422, Invalid)]
    [Arguments("""{"weather":{"now":{"modelName":"x"}}}""", false, null, 400, Neither, 422, Invalid)]
    [Arguments("""{"clip":{"now":{"modelName":"x"}}}""", true, null, 422, "", 422, Invalid)]
    [Arguments("""{"clip":{"visual":{"modelName":"nobody__knows","more":0}}}""", true, null, 404, "", 422, Invalid)]
    [Arguments("""{"clip":{"visual":{"modelName":"nobody__knows","options":{"minScore":"x"}}}}""", true, null, 422, Invalid, 404, "")]
    [Arguments("""{"clip":{"visual":{"modelName":"nobody__knows","options":null}}}""", true, null, 422, Invalid, 422, Invalid)]
    [Arguments("""{"facial-recognition":{"recognition":{"modelName":"x"}}}""", true, null, 400, "", 400, "")]
    [Arguments("""{"ocr":{"recognition":{"modelName":"x"}}}""", true, null, 400, "", 400, "")]
    public async Task A_form_is_answered_by_the_rules_in_force(
        string? entries, bool image, string? text, int status, string body, int newerStatus, string newerBody)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        foreach ((string rules, int wanted, string says) in new[] { ("2.7", status, body), ("3.3", newerStatus, newerBody) })
        {
            await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath, ("MACHINE_LEARNING_RULES", rules));
            Answered answer = await gateway.PredictAsync(entries, image ? Picture : null, text);
            await Assert.That((answer.Status, says.Length > 0 ? answer.Body : "")).IsEqualTo((wanted, says)).Because(answer.Body);
        }
    }

    [Test]
    public async Task Immich_3_3_is_answered_with_embeddings_faults_of_pictures_and_names_near_a_models()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath, ("MACHINE_LEARNING_RULES", "3.3"));
        string name = $"immich-app/{DemoModels.Name.Replace("__", "::", StringComparison.Ordinal)}";
        string demo = Demo.Replace("demo__tiny", name, StringComparison.Ordinal);
        await Assert.That((await gateway.PredictAsync(demo, Picture)).Body).StartsWith("{\"clip\":\"[");
        await Assert.That((await gateway.PredictAsync(demo, [])).Body).IsEqualTo("""{"detail":"Image has zero width or height"}""");
        await Assert.That((await gateway.PredictAsync(demo, "no picture"u8.ToArray())).Status).IsEqualTo(415);
        Answered unknown = await gateway.PredictAsync("""{"clip":{"visual":{"modelName":"ViT-B-32__opena"}}}""", Picture);
        await Assert.That(unknown.Status).IsEqualTo(404);
        await Assert.That(unknown.Body).Contains("ViT-B-32__openai");
        Answered alone = await gateway.PredictAsync("""{"facial-recognition":{"recognition":{"modelName":"buffalo_l"}}}""", Picture);
        await Assert.That(alone.Body).Contains("facial-recognition recognition needs facial-recognition detection");
    }

    [Test]
    public async Task An_embedding_is_a_string_of_the_very_numbers_that_the_socket_gives()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        Answered answer = await gateway.PredictAsync(Demo.Replace("demo__tiny", DemoModels.Name, StringComparison.Ordinal), Picture);
        await Assert.That(answer.Status).IsEqualTo(200).Because(answer.Body);
        using JsonDocument json = JsonDocument.Parse(answer.Body);
        await Assert.That(string.Join(' ', json.RootElement.EnumerateObject().Select(member => member.Name)))
            .IsEqualTo("clip imageHeight imageWidth");
        using JsonDocument numbers = JsonDocument.Parse(json.RootElement.GetProperty("clip").GetString()!);
        float[] read = [.. numbers.RootElement.EnumerateArray().Select(number => number.GetSingle())];
        float[] direct = (await daemon.Client.PredictAsync(Ask.Predict(0, image: Picture))).Clip!;
        await Assert.That(read.AsSpan().SequenceEqual(direct)).IsTrue();
    }

    [Test]
    public async Task A_photos_fault_is_never_a_500()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        byte[] flat = Picture;
        flat.AsSpan(18, 4).Clear(); // the width in a bitmap's header
        await Assert.That((await gateway.PredictAsync("{}", [])).Body).IsEqualTo("""{"detail":"Image has zero width or height"}""");
        await Assert.That((await gateway.PredictAsync("{}", flat)).Status).IsEqualTo(400);
        await Assert.That((await gateway.PredictAsync("{}", "no picture at all"u8.ToArray())).Status).IsEqualTo(415);
        await Assert.That((await gateway.PredictAsync(Demo.Replace("demo__tiny", "nobody__knows", StringComparison.Ordinal),
            Picture)).Status).IsEqualTo(404);
        await Assert.That(
            (await gateway.PredictAsync("""{"facial-recognition":{"recognition":{"modelName":"buffalo_l"}}}""", Picture)).Status)
            .IsEqualTo(400);
    }
}
