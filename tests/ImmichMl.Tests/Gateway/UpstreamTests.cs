namespace ImmichMl.Tests.Gateway;

/// <summary>A gateway in front of others: who is asked, what goes there and comes back, and what is tried elsewhere.</summary>
public sealed class UpstreamTests
{
    const string Visual = """{"clip":{"visual":{"modelName":"demo"}}}""";
    const string Textual = """{"clip":{"textual":{"modelName":"demo"}}}""";
    const string Ocr = """{"ocr":{"detection":{"modelName":"demo"},"recognition":{"modelName":"demo"}}}""";
    const string NoText = """{"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]},"imageHeight":2,"imageWidth":3}""";

    static byte[] Picture => TestPicture.Bmp(3, 2);

    /// <summary>Time stands still: no check of health is late, however busy this machine is.</summary>
    static Task<TestGateway> InFrontOf(string upstreams, params (string Name, string Value)[] settings) => TestGateway.StartAsync(
        "/nobody/listens/here", new ManualClock(),
        [
            ("MACHINE_LEARNING_UPSTREAMS", upstreams), ("MACHINE_LEARNING_HTTP_DRAIN_DELAY", "0"), ("MACHINE_LEARNING_HOLD", "0"),
            .. settings,
        ]);

    [Test]
    public async Task A_prediction_goes_on_as_Immich_sends_it_and_its_answer_comes_back_as_it_is()
    {
        await using StandInUpstream upstream = StandInUpstream.Answering(StandInUpstream.Clip);
        await using TestGateway gateway = await InFrontOf($"{upstream.Url}/KEY/");
        using MultipartFormDataContent form = TestGateway.Form(Visual, Picture, null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/predict?a=b") { Content = form };
        request.Headers.Add("X-Request-Id", "import/42");
        request.Headers.Add("Authorization", "Bearer secret-of-the-caller");
        request.Headers.Add("Cookie", "a=b");
        Answered answer = await gateway.SendAsync(request);
        await Assert.That((answer.Status, answer.Body)).IsEqualTo((200, StandInUpstream.Clip));
        await Assert.That(answer.Message.Headers.GetValues("X-Request-Id").Single()).IsEqualTo("import/42");
        UpstreamRequest asked = upstream.Predictions.Single();
        await Assert.That((asked.Method, asked.Path)).IsEqualTo(("POST", "/KEY/predict"));
        await Assert.That(asked.Head.ToUpperInvariant()).Contains("X-REQUEST-ID: IMPORT/42");
        await Assert.That(asked.Head).DoesNotContain("secret");
        await Assert.That(asked.Head).DoesNotContain("Cookie");
        string body = Encoding.Latin1.GetString(asked.Body);
        await Assert.That(body).Contains($"name=\"entries\"\r\n\r\n{Visual}\r\n");
        await Assert.That(body).Contains($"\r\n\r\n{Encoding.Latin1.GetString(Picture)}\r\n--");
        await Assert.That(gateway.Log.Lines.Any(line => line.Contains("KEY", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    public async Task A_large_picture_and_a_text_arrive_whole()
    {
        await using StandInUpstream upstream = StandInUpstream.Answering("""{"clip":"[1]"}""");
        await using TestGateway gateway = await InFrontOf(upstream.Url);
        byte[] large = new byte[3_000_001];
        for (int i = 0; i < large.Length; i++)
        {
            large[i] = (byte)((i * 31) ^ (i >> 8));
        }

        await Assert.That((await gateway.PredictAsync(Visual, large)).Status).IsEqualTo(200);
        await Assert.That((await gateway.PredictAsync(Textual, null, "Käse, 茶")).Status).IsEqualTo(200);
        await Assert.That(upstream.Predictions[0].Body.AsSpan().IndexOf(large)).IsGreaterThan(0);
        await Assert.That(Encoding.UTF8.GetString(upstream.Predictions[1].Body)).Contains("name=\"text\"\r\n\r\nKäse, 茶\r\n");
    }

    /// <summary>Where the entries lead: a is UPSTREAMS, b a list of the task's own.</summary>
    [Test]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__OCR", Ocr, "b")]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__OCR", Visual, "a")]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__CLIP__VISUAL", Visual, "b")]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__CLIP__VISUAL", Textual, "a")]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__CLIP__TEXTUAL", Textual, "b")]
    [Arguments("MACHINE_LEARNING_UPSTREAMS__FACIAL_RECOGNITION",
        """{"facial-recognition":{"detection":{"modelName":"x"},"recognition":{"modelName":"x"}}}""", "b")]
    public async Task Entries_choose_the_list(string setting, string entries, string expected)
    {
        const string All = """{"clip":"[1]","facial-recognition":[],"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]}}""";
        await using StandInUpstream a = StandInUpstream.Answering(All), b = StandInUpstream.Answering(All);
        await using TestGateway gateway = await InFrontOf(a.Url, (setting, b.Url));
        bool isText = entries == Textual;
        await Assert.That((await gateway.PredictAsync(entries, isText ? null : Picture, isText ? "a" : null)).Status).IsEqualTo(200);
        await Assert.That((a.Predictions.Count, b.Predictions.Count)).IsEqualTo(expected == "a" ? (1, 0) : (0, 1));
    }

    [Test]
    public async Task Local_is_the_daemon_and_remote_stands_for_the_URLs()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using StandInUpstream remote = StandInUpstream.Answering(StandInUpstream.Clip);
        await using TestGateway gateway = await TestGateway.StartAsync(
            daemon.SocketPath, new ManualClock(), ("MACHINE_LEARNING_UPSTREAMS", $"local,{remote.Url}"),
            ("MACHINE_LEARNING_UPSTREAMS__CLIP__VISUAL", "remote"), ("MACHINE_LEARNING_UPSTREAMS__OCR", "local, remote"));
        await Assert.That((await gateway.PredictAsync(Visual, Picture)).Body).IsEqualTo(StandInUpstream.Clip);
        await Assert.That((await gateway.PredictAsync("{}", Picture)).Body).IsEqualTo("""{"imageHeight":2,"imageWidth":3}""");
        Answered unknown = await gateway.PredictAsync(Ocr.Replace("demo", "nobody__knows", StringComparison.Ordinal), Picture);
        await Assert.That(unknown.Status).IsEqualTo(502).Because("the daemon knows no such model, and the remote answered for CLIP");
        await Assert.That(remote.Predictions.Count).IsEqualTo(2);
    }

    [Test]
    public async Task The_least_busy_is_asked_first()
    {
        var release = new TaskCompletionSource();
        await using var slow = new StandInUpstream(async (socket, _) =>
        {
            await release.Task;
            await StandInUpstream.SendAsync(socket, StandInUpstream.Http(200, StandInUpstream.Clip));
        });
        await using StandInUpstream idle = StandInUpstream.Answering(StandInUpstream.Clip);
        await using TestGateway gateway = await InFrontOf($"{slow.Url},{idle.Url}");
        Task<Answered> first = gateway.PredictAsync(Visual, Picture);
        await Patience.UntilAsync(() => slow.Predictions.Count == 1);
        for (int i = 0; i < 5; i++)
        {
            await Assert.That((await gateway.PredictAsync(Visual, Picture)).Status).IsEqualTo(200);
        }

        release.SetResult();
        await Assert.That((await first).Status).IsEqualTo(200);
        await Assert.That((slow.Predictions.Count, idle.Predictions.Count)).IsEqualTo((1, 5));
    }

    /// <summary>What the first upstream says, what comes of it where a second one answers, and where there is no other.</summary>
    [Test]
    [Arguments("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{\"clip\":", 200, 502, "upstream_failed")]
    [Arguments("", 200, 502, "upstream_failed")]
    [Arguments("no HTTP at all\r\n\r\n", 200, 502, "upstream_failed")]
    [Arguments("200 <html>welcome</html>", 200, 502, "upstream_failed")]
    [Arguments("200 {}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":null}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"\"}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"[]\"}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"[1,null]\"}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":[\"1\"]}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"[1,1e999]\"}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"[1,-1e39]\"}", 200, 502, "upstream_failed")]
    [Arguments("200 {\"clip\":\"[1]\"} trailing", 200, 502, "upstream_failed")]
    [Arguments("200 [[[[[[[[[[[[[[[[[[[[[[[[", 200, 502, "upstream_failed")]
    [Arguments("500 {\"detail\":\"boom\"}", 200, 502, "upstream_failed")]
    [Arguments("204 ", 200, 502, "upstream_failed")]
    [Arguments("401 {\"detail\":\"a key\"}", 200, 502, "upstream_failed")]
    [Arguments("404 {\"detail\":\"no such model\"}", 200, 404, "upstream_refused")]
    [Arguments("404 <html>", 200, 502, "upstream_failed")]
    [Arguments("415 {\"detail\":\"no picture\"}", 415, 415, "upstream_refused")]
    [Arguments("400 <html>", 200, 502, "upstream_failed")]
    [Arguments("503 {\"detail\":\"later\"}", 200, 503, "overloaded")]
    [Arguments("429 {\"detail\":\"later\"}", 200, 503, "overloaded")]
    [Arguments("502 bad gateway", 200, 503, "no_upstream")]
    [Arguments("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 200, 502, "upstream_failed")]
    [Arguments("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 200, 502, "upstream_failed")]
    public async Task What_is_no_answer_is_tried_elsewhere_and_never_passed_on(string said, int elsewhere, int alone, string code)
    {
        string bytes = said.Length > 3 && char.IsAsciiDigit(said[0])
            ? StandInUpstream.Http(int.Parse(said[..3], CultureInfo.InvariantCulture), said[4..]) : said;
        await using StandInUpstream hostile = StandInUpstream.Saying(bytes), honest = StandInUpstream.Answering(StandInUpstream.Clip);
        await using TestGateway both = await InFrontOf($"{hostile.Url},{honest.Url}");
        Answered answer = await both.PredictAsync(Visual, Picture);
        await Assert.That(answer.Status).IsEqualTo(elsewhere);
        await Assert.That(answer.Body).IsEqualTo(elsewhere == 200 ? StandInUpstream.Clip : said[4..]);
        await Assert.That(hostile.Predictions.Count).IsGreaterThanOrEqualTo(1);
        await using TestGateway single = await InFrontOf(hostile.Url);
        Answered fault = await single.PredictAsync(Visual, Picture);
        await Assert.That(fault.Status).IsEqualTo(alone);
        await Assert.That(fault.Body).StartsWith("{\"detail\":");
        await single.Log.WaitAsync("POST /predict", $": {alone} {code}");
    }

    [Test]
    public async Task A_redirect_is_not_followed_to_an_address_that_is_not_configured()
    {
        await using StandInUpstream elsewhere = StandInUpstream.Answering(StandInUpstream.Clip);
        await using StandInUpstream upstream = StandInUpstream.Saying(
            $"HTTP/1.1 307 Temporary\r\nLocation: {elsewhere.Url}/predict\r\nContent-Length: 0\r\n\r\n");
        await using TestGateway gateway = await InFrontOf(upstream.Url);
        await Assert.That((await gateway.PredictAsync(Visual, Picture)).Status).IsEqualTo(502);
        await Assert.That(elsewhere.Predictions.Count).IsEqualTo(0);
    }

    [Test]
    public async Task An_answer_without_an_end_is_cut_off()
    {
        await using var endless = new StandInUpstream(async (socket, _) =>
        {
            await StandInUpstream.SendAsync(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            string piece = new(' ', 1 << 20);
            while (true)
            {
                await StandInUpstream.SendAsync(socket, piece);
            }
        });
        await using TestGateway gateway = await InFrontOf(endless.Url);
        Answered answer = await gateway.PredictAsync(Visual, Picture);
        await Assert.That(answer.Status).IsEqualTo(502);
        await Assert.That(answer.Body).Contains("over the limit");
    }

    [Test]
    public async Task Who_hangs_is_given_up_after_the_time_that_a_request_has()
    {
        await using var hanging = new StandInUpstream((_, _) => Task.Delay(Timeout.Infinite));
        var clock = new ManualClock();
        await using TestGateway gateway = await TestGateway.StartAsync(
            "/nobody/listens/here", clock, ("MACHINE_LEARNING_UPSTREAMS", hanging.Url), ("MACHINE_LEARNING_HTTP_DRAIN_DELAY", "0"));
        Task<Answered> asked = gateway.PredictAsync(Visual, Picture);
        await Patience.UntilAsync(() => hanging.Predictions.Count == 1);
        clock.Pass(TimeSpan.FromSeconds(301));
        await Assert.That((await asked.Within()).Status).IsEqualTo(504);
    }

    [Test]
    [Arguments("", 200)]
    [Arguments("3", 200)]
    [Arguments("4", 508)]
    [Arguments("a", 200)]
    public async Task A_circle_of_gateways_ends(string hops, int status)
    {
        await using StandInUpstream upstream = StandInUpstream.Answering(StandInUpstream.Clip);
        await using TestGateway gateway = await InFrontOf(upstream.Url);
        using MultipartFormDataContent form = TestGateway.Form(Visual, Picture, null);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/predict") { Content = form };
        request.Headers.TryAddWithoutValidation("X-Immich-Ml-Hops", hops);
        await Assert.That((await gateway.SendAsync(request)).Status).IsEqualTo(status);
        if (status == 200)
        {
            await Assert.That(upstream.Predictions.Single().Head).Contains($"X-Immich-Ml-Hops: {(hops == "3" ? 4 : 1)}");
        }
    }

    [Test]
    [Arguments("http://")]
    [Arguments("box:3003")]
    [Arguments("ftp://box/")]
    [Arguments("http://user:password@box/")]
    [Arguments("http://box/?key=s3cret")]
    [Arguments("remote")]
    public async Task What_cannot_be_asked_ends_the_start_and_is_not_repeated(string upstreams)
    {
        OperatorException fault = (await Assert.That(async () => await InFrontOf(upstreams)).Throws<OperatorException>())!;
        await Assert.That(fault.Message).Contains("MACHINE_LEARNING_UPSTREAMS");
        await Assert.That(fault.Message).DoesNotContain("s3cret");
        await Assert.That(fault.Message).DoesNotContain("password");
    }

    [Test]
    public async Task The_page_and_the_metrics_show_upstreams_without_their_paths()
    {
        await using StandInUpstream upstream = StandInUpstream.Answering(NoText);
        await using TestGateway gateway = await InFrontOf($"{upstream.Url}/KEY");
        await Assert.That((await gateway.PredictAsync(Ocr, Picture)).Status).IsEqualTo(200);
        string metrics = (await gateway.GetAsync("/metrics")).Body, status = (await gateway.GetAsync("/status.json")).Body;
        string name = new Uri(upstream.Url).Authority;
        await Assert.That(metrics).Contains($"immich_ml_upstream_up{{upstream=\"{name}\"}} 1\n");
        await Assert.That(metrics).Contains($"immich_ml_upstream_answered_total{{upstream=\"{name}\"}} 1\n");
        await Assert.That(metrics).Contains("immich_ml_gateway_held_requests 0\n");
        await Assert.That(status).Contains(
            $$"""
            "held":0,"wakes":0,"upstreams":[{"name":"{{name}}","state":"ready","inFlight":0,"answered":1,"failed":0}]
            """);
        await Assert.That(metrics + status).DoesNotContain("KEY");
    }
}
