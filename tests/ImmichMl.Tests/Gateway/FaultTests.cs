using ImmichMl.Tests.Client;

namespace ImmichMl.Tests.Gateway;

/// <summary>What the daemon answers, and whether it is there at all, as a caller over HTTP sees it.</summary>
public sealed class FaultTests
{
    const string Faces = """{"facial-recognition":{"detection":{"modelName":"m"},"recognition":{"modelName":"m"}}}""";
    const string Texts = """{"ocr":{"detection":{"modelName":"m"},"recognition":{"modelName":"m"}}}""";
    const string Clip = """{"clip":{"visual":{"modelName":"m"}}}""";

    static FakeServer Answering(Func<Request, Response> answer) => new(async socket =>
    {
        while (true)
        {
            Request[] requests = await FakeServer.ReceiveAsync(socket, 1);
            await socket.SendAsync(FakeServer.Encode(answer(requests[0])));
        }
    });

    static FakeServer Failing(ErrorCode code, int? retryAfterMs = null) => Answering(request => new Response
    {
        Id = request.Id,
        Error = new ErrorDetail { Code = code, Message = "So it is.", Retryable = code.Retryable, RetryAfterMs = retryAfterMs },
    });

    public static IEnumerable<(string Code, int Status)> Codes() =>
        ErrorCode.All.Where(code => code is { ClosesConnection: false, HttpStatus: not null })
            .Select(code => (code.Name, code.HttpStatus!.Value));

    [Test]
    [MethodDataSource(nameof(Codes))]
    public async Task Every_code_of_the_wire_has_its_status(string code, int status)
    {
        await using FakeServer daemon = Failing(ErrorCode.FromName(code));
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path);
        Answered answer = await gateway.PredictAsync(Clip, [1]);
        string detail = code == "image_empty" ? "Image has zero width or height" : "So it is.";
        await Assert.That((answer.Status, answer.Body)).IsEqualTo((status, $$"""{"detail":"{{detail}}"}"""));
        await Assert.That(answer.Message.Headers.RetryAfter is not null).IsEqualTo(status == 503);
    }

    [Test]
    [Arguments(1, "1")]
    [Arguments(1001, "2")]
    [Arguments(7000, "7")]
    public async Task Retry_After_is_in_whole_seconds_and_never_too_early(int milliseconds, string seconds)
    {
        await using FakeServer daemon = Failing(ErrorCode.Overloaded, milliseconds);
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path);
        Answered answer = await gateway.PredictAsync(Clip, [1]);
        await Assert.That(answer.Message.Headers.RetryAfter!.ToString()).IsEqualTo(seconds);
    }

    [Test]
    [Arguments(Faces, """{"facial-recognition":[],"imageHeight":0,"imageWidth":0}""")]
    [Arguments(Texts, """{"ocr":{"text":[],"box":[],"boxScore":[],"textScore":[]},"imageHeight":0,"imageWidth":0}""")]
    public async Task Lenient_images_find_nothing_in_a_bad_photo(string entries, string body)
    {
        await using FakeServer daemon = Failing(ErrorCode.ImageUnreadable);
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path, ("MACHINE_LEARNING_LENIENT_IMAGES", "true"));
        Answered answer = await gateway.PredictAsync(entries, [1]);
        await Assert.That((answer.Status, answer.Body)).IsEqualTo((200, body));
        await Assert.That((await gateway.PredictAsync(Clip, [1])).Status).IsEqualTo(400);
    }

    [Test]
    public async Task Lenient_is_about_images_alone()
    {
        await using FakeServer daemon = Failing(ErrorCode.UnknownModel);
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path, ("MACHINE_LEARNING_LENIENT_IMAGES", "true"));
        await Assert.That((await gateway.PredictAsync(Faces, [1])).Status).IsEqualTo(404);
    }

    [Test]
    public async Task Faces_and_texts_come_in_Immichs_shape()
    {
        await using FakeServer daemon = Answering(request => new Response
        {
            Id = request.Id,
            Result = new PredictResult
            {
                ImageWidth = 640,
                ImageHeight = 480,
                Faces = [new FaceResult { BoundingBox = [-1, 80, 238, 164], Score = 0.5f, Embedding = [0.1f, 1e-7f] }],
                Ocr = new OcrResult { Text = ["né \"x\""], Box = [0, 0, 1, 0, 1, 1, 0, 1], BoxScore = [0.5f], TextScore = [0.93341f] },
                Timings = new Timings { Total = 12.5 },
            },
        });
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path);
        Answered faces = await gateway.PredictAsync(Faces, [1]);
        await Assert.That(faces.Body).IsEqualTo(
            """{"facial-recognition":[{"boundingBox":{"x1":-1.0,"y1":80.0,"x2":238.0,"y2":164.0},"embedding":"[0.1,1e-7]","""
                + "\"score\":0.5}],\"imageHeight\":480,\"imageWidth\":640}");
        await Assert.That(faces.Message.Headers.GetValues("Server-Timing").Single()).Contains("total;dur=12.5");
        Answered texts = await gateway.PredictAsync(Texts, [1]);
        await Assert.That(texts.Body).IsEqualTo(
            """{"ocr":{"text":["né \"x\""],"box":[0.0,0.0,1.0,0.0,1.0,1.0,0.0,1.0],"boxScore":[0.5],"textScore":[0.93341]},"""
                + "\"imageHeight\":480,\"imageWidth\":640}");
    }

    [Test]
    public async Task Without_a_daemon_there_is_no_pong_and_a_prediction_is_503()
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(
            folder.File("nobody.sock"), ("MACHINE_LEARNING_RECONNECT_TIMEOUT", "0.1"));
        foreach (string path in (string[])["/ping", "/ready"])
        {
            Answered answer = await gateway.GetAsync(path);
            await Assert.That(answer.Status).IsEqualTo(503);
            await Assert.That(answer.Message.Headers.RetryAfter).IsNotNull();
        }

        await Assert.That((await gateway.GetAsync("/")).Status).IsEqualTo(200);
        await Assert.That((await gateway.PredictAsync(Clip, [1])).Status).IsEqualTo(503);
        Answered metrics = await gateway.GetAsync("/metrics");
        await Assert.That(metrics.Body).Contains("\nimmich_ml_up 0\n");
        using JsonDocument status = JsonDocument.Parse((await gateway.GetAsync("/status.json")).Body);
        await Assert.That(status.RootElement.GetProperty("daemon").GetProperty("up").GetBoolean()).IsFalse();
    }

    [Test]
    public async Task A_prediction_waits_for_a_daemon_that_is_being_restarted()
    {
        using var folder = new TempFolder();
        string socket = folder.File("immich-ml.sock");
        await using TestGateway gateway = await TestGateway.StartAsync(socket);
        Task<Answered> early = gateway.PredictAsync("{}", TestPicture.Bmp(3, 2));
        await using (RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("IMMICH_ML_SOCKET", socket)))
        {
            await Assert.That((await early.Within()).Status).IsEqualTo(200);
        }

        await Assert.That((await gateway.GetAsync("/ping")).Status).IsEqualTo(503);
        Task<Answered> between = gateway.PredictAsync("{}", TestPicture.Bmp(3, 2));
        await using RunningDaemon next = await RunningDaemon.StartAsync(null, ("IMMICH_ML_SOCKET", socket));
        await Assert.That((await between.Within()).Body).IsEqualTo("""{"imageHeight":2,"imageWidth":3}""");
        await Assert.That((await gateway.GetAsync("/ping")).Body).IsEqualTo("pong");
    }
}
