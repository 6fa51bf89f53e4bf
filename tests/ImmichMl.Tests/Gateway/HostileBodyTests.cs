using ImmichMl.Tests.Client;

namespace ImmichMl.Tests.Gateway;

/// <summary>Bodies that no honest caller sends: bounded memory, a typed answer or a close, and others are served meanwhile.</summary>
public sealed class HostileBodyTests
{
    const string Part = "--b\r\nContent-Disposition: form-data; name=\"";

    static async Task<Socket> ConnectAsync(TestGateway gateway, string head)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await socket.SendAsync(Encoding.UTF8.GetBytes(head));
        return socket;
    }

    static string Head(long length, string boundary = "b") =>
        $"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={boundary}\r\nContent-Length: {length}\r\n\r\n";

    /// <summary>The status line, or nothing when the other side just closed.</summary>
    static async Task<string> StatusAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            int read = await socket.ReceiveAsync(buffer).Within();
            return Encoding.UTF8.GetString(buffer, 0, read).Split("\r\n")[0];
        }
        catch (SocketException)
        {
            return "";
        }
    }

    static async Task<string> PostAsync(TestGateway gateway, string body, string boundary = "b")
    {
        using Socket socket = await ConnectAsync(gateway, Head(Encoding.UTF8.GetByteCount(body), boundary) + body);
        return await StatusAsync(socket);
    }

    [Test]
    [Arguments("--x\r\nnothing of ours\r\n--x--\r\n", "b", "400")]
    [Arguments("", "b", "400")]
    [Arguments("no boundary at all", "b", "400")]
    [Arguments("--b\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n{}", "b", "400")]
    [Arguments("--b\r\nbroken header\r\n\r\n{}\r\n--b--\r\n", "b", "400")]
    [Arguments("--b--\r\n", "b", "422")]
    [Arguments("--b b\r\nContent-Disposition: form-data; name=entries\r\n\r\n{}\r\n--b b--\r\n", "\"b b\"", "400")]
    [Arguments("x", "\"\"", "400")]
    public async Task A_broken_body_is_told_so(string body, string boundary, string status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        await Assert.That(await PostAsync(gateway, body, boundary)).StartsWith($"HTTP/1.1 {status} ");
    }

    [Test]
    public async Task Ten_thousand_parts_are_too_many()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        var body = new StringBuilder();
        for (int i = 0; i < 10_000; i++)
        {
            body.Append(Part).Append("p\"\r\n\r\nx\r\n");
        }

        await Assert.That(await PostAsync(gateway, body.Append("--b--\r\n").ToString())).StartsWith("HTTP/1.1 400 ");
    }

    [Test]
    public async Task A_body_over_the_limit_is_413_whether_it_says_so_or_not()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(
            daemon.SocketPath, ("MACHINE_LEARNING_HTTP_MAX_BODY_BYTES", "100000"));
        Answered? announced = null;
        for (int tries = 0; announced is null; tries++)
        {
            try
            {
                announced = await gateway.PredictAsync("{}", new byte[200_000]);
            }
            catch (HttpRequestException) when (tries < 4)
            {
                // Who refuses a body closes with some of it unread, and the reset may overtake the answer.
            }
        }

        await Assert.That(
            (announced.Status, announced.Body)).IsEqualTo((413, """{"detail":"The body is over the limit of 100000 bytes."}"""));
        string chunk = $"20000\r\n{new string('x', 0x20000)}\r\n";
        using Socket socket = await ConnectAsync(gateway,
            "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"{Part.Length + 10:x}\r\n{Part}image\"\r\n\r\n\r\n{chunk}");
        await Assert.That(await StatusAsync(socket)).StartsWith("HTTP/1.1 413 ");
    }

    [Test]
    public async Task Bodies_that_together_are_too_much_are_refused_and_their_memory_comes_back()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(
            daemon.SocketPath, ("MACHINE_LEARNING_HTTP_BODY_BYTES_IN_FLIGHT", "1000000"));
        await Assert.That((await gateway.PredictAsync("{}", new byte[2_000_000])).Status).IsEqualTo(503);
        await Assert.That((await gateway.PredictAsync("{}", TestPicture.Bmp(300, 200))).Status).IsEqualTo(200);
        await Assert.That((await gateway.GetAsync("/metrics")).Body).Contains("\nimmich_ml_gateway_upload_bytes 0\n");
    }

    [Test]
    public async Task A_body_cut_in_the_middle_leaves_nothing_behind()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        for (int i = 0; i < 20; i++)
        {
            using Socket socket = await ConnectAsync(
                gateway, $"{Head(1_000_000)}{Part}image\"; filename=\"a\"\r\n\r\n{new string('x', 50_000)}");
        }

        await Patience.UntilAsync(() => gateway.Log.Lines.Count(line => line.Contains("/predict", StringComparison.Ordinal)) >= 20);
        string metrics = (await gateway.GetAsync("/metrics")).Body;
        await Assert.That(metrics).Contains("\nimmich_ml_gateway_open_requests 0\n");
        await Assert.That(metrics).Contains("\nimmich_ml_gateway_upload_bytes 0\n");
    }

    [Test]
    public async Task Two_hundred_senders_of_a_byte_a_second_are_ended_and_others_are_served_meanwhile()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        Socket[] slow = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ =>
            ConnectAsync(gateway, $"{Head(1_000_000)}{Part}image\"; filename=\"a\"\r\n\r\nxxxx")));
        using var stop = new CancellationTokenSource();
        Task trickle = TrickleAsync(slow, stop.Token);
        await Assert.That((await gateway.PredictAsync("{}", TestPicture.Bmp(30, 20)).Within()).Status).IsEqualTo(200);
        string[] ends = await Task.WhenAll(slow.Select(StatusAsync));
        await Assert.That(ends.Where(end => end.Length > 0 && !end.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal))).IsEmpty();
        await Assert.That((await gateway.PredictAsync("{}", TestPicture.Bmp(30, 20)).Within()).Status).IsEqualTo(200);
        await stop.CancelAsync();
        await trickle;
        foreach (Socket socket in slow)
        {
            socket.Dispose();
        }
    }

    [Test]
    public async Task Half_sent_bodies_that_hold_all_memory_and_all_places_keep_nobody_out()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath,
            ("MACHINE_LEARNING_HTTP_BODY_BYTES_IN_FLIGHT", "2000000"), ("MACHINE_LEARNING_HTTP_MAX_REQUESTS", "6"));
        Socket[] still = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            ConnectAsync(gateway, $"{Head(1_000_000)}{Part}image\"; filename=\"a\"\r\n\r\n{new string('x', 270_000)}")));
        await Patience.UntilAsync(() => still.All(socket => socket.Connected));
        for (int i = 0; i < 3; i++)
        {
            await Assert.That((await gateway.PredictAsync("{}", TestPicture.Bmp(600, 500)).Within()).Status).IsEqualTo(200);
        }

        foreach (Socket socket in still)
        {
            socket.Dispose();
        }
    }

    [Test]
    public async Task An_answer_that_nobody_reads_is_given_up()
    {
        FaceResult face = new() { BoundingBox = [0, 0, 1, 1], Score = 1, Embedding = [.. Enumerable.Repeat(0.12345678f, 512)] };
        await using var daemon = new FakeServer(async socket =>
        {
            Request[] asked = await FakeServer.ReceiveAsync(socket, 1);
            await socket.SendAsync(FakeServer.Encode(new Response
            {
                Id = asked[0].Id,
                Result = new PredictResult { Faces = [.. Enumerable.Repeat(face, 3000)], ImageWidth = 1, ImageHeight = 1,
                Timings = new Timings() },
            }));
            await FakeServer.ReceiveAsync(socket, 1);
        });
        var clock = new ManualClock();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.Path, clock);
        string body = $"{Part}entries\"\r\n\r\n{{\"facial-recognition\":{{\"recognition\":{{\"modelName\":\"m\"}}}}}}\r\n"
            + $"{Part}image\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n";
        using Socket deaf = await ConnectAsync(gateway, Head(body.Length) + body);
        await Patience.UntilAsync(() => deaf.Available > 0);
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (!gateway.Log.Lines.Any(line => line.Contains("/predict: 499 unread", StringComparison.Ordinal)))
        {
            clock.Pass(TimeSpan.FromSeconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }

    static async Task TrickleAsync(Socket[] sockets, CancellationToken stop)
    {
        byte[] one = "x"u8.ToArray();
        while (!stop.IsCancellationRequested)
        {
            foreach (Socket socket in sockets)
            {
                try
                {
                    await socket.SendAsync(one);
                }
                catch (SocketException)
                {
                    // Ended by the gateway, as it should be.
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(1), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
