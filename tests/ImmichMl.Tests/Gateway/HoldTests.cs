namespace ImmichMl.Tests.Gateway;

/// <summary>A box that sleeps loses no job: requests are held, it is woken once, and they go out when it is back.</summary>
public sealed class HoldTests
{
    const string Visual = """{"clip":{"visual":{"modelName":"demo"}}}""";
    const string Textual = """{"clip":{"textual":{"modelName":"demo"}}}""";

    static byte[] Picture => TestPicture.Bmp(3, 2);

    static StandInUpstream Asleep() => new(
        (socket, _) => StandInUpstream.SendAsync(socket, StandInUpstream.Http(200, StandInUpstream.Clip)), isUp: false);

    static Task<TestGateway> InFrontOf(StandInUpstream upstream, params (string Name, string Value)[] settings) => TestGateway.StartAsync(
        "/nobody/listens/here", [("MACHINE_LEARNING_UPSTREAMS", upstream.Url), ("MACHINE_LEARNING_HTTP_DRAIN_DELAY", "0"), .. settings]);

    static async Task<int> HeldAsync(TestGateway gateway)
    {
        using JsonDocument status = JsonDocument.Parse((await gateway.GetAsync("/status.json")).Body);
        return status.RootElement.GetProperty("held").GetInt32();
    }

    static async Task UntilHeldAsync(TestGateway gateway, int count)
    {
        using var enough = new CancellationTokenSource(Patience.Limit);
        while (await HeldAsync(gateway) != count)
        {
            await Task.Delay(20, enough.Token);
        }
    }

    [Test]
    public async Task Requests_are_held_until_the_box_is_back_and_it_is_woken_once()
    {
        using var folder = new TempFolder();
        string woken = folder.File("woken");
        await using StandInUpstream box = Asleep();
        await using TestGateway gateway = await InFrontOf(
            box, ("MACHINE_LEARNING_WAKE", $"/bin/sh -c 'echo \"woken by $0 $MACHINE_LEARNING_API_KEY.\" >> {woken}' us"),
            ("MACHINE_LEARNING_API_KEY", ""));
        Task<Answered>[] asked = [.. Enumerable.Range(0, 20).Select(_ => gateway.PredictAsync(Visual, Picture))];
        await UntilHeldAsync(gateway, 20);
        Answered ping = await gateway.GetAsync("/ping");
        await Assert.That((ping.Status, ping.Body)).IsEqualTo((200, "pong"));
        await Assert.That((await gateway.GetAsync("/ready")).Status).IsEqualTo(503);
        await Patience.UntilAsync(() => File.Exists(woken) && File.ReadAllText(woken).Length > 0);
        box.Start();
        Answered[] answers = await Task.WhenAll(asked).Within();
        await Assert.That(answers.Select(answer => answer.Status).Distinct().Single()).IsEqualTo(200);
        await Assert.That(File.ReadAllText(woken)).IsEqualTo("woken by us .\n");
        await Assert.That((await gateway.GetAsync("/metrics")).Body).Contains("immich_ml_gateway_wakes_total 1\n");
        await Assert.That((await gateway.GetAsync("/ready")).Status).IsEqualTo(200);
    }

    [Test]
    public async Task A_box_that_is_up_and_not_ready_is_waited_for()
    {
        await using StandInUpstream box = StandInUpstream.Answering(StandInUpstream.Clip);
        box.Ready = StandInUpstream.Http(503, """{"detail":"loading"}""");
        await using TestGateway gateway = await InFrontOf(box);
        using var enough = new CancellationTokenSource(Patience.Limit);
        while ((await gateway.GetAsync("/ready")).Status != 503)
        {
            await Task.Delay(20, enough.Token);
        }

        Task<Answered> asked = gateway.PredictAsync(Visual, Picture);
        await UntilHeldAsync(gateway, 1);
        await Assert.That(box.Predictions.Count).IsEqualTo(0);
        box.Ready = StandInUpstream.Http(200, """{"ready":true}""");
        await Assert.That((await asked.Within()).Status).IsEqualTo(200);
    }

    [Test]
    [Arguments(Visual, "0.2")]
    [Arguments(Visual, "0")]
    [Arguments(Textual, "0.2")]
    public async Task What_was_held_for_its_time_is_told_when_to_come_again(string entries, string hold)
    {
        await using StandInUpstream box = Asleep();
        await using TestGateway gateway = await InFrontOf(box, ("MACHINE_LEARNING_HOLD", hold));
        bool isText = entries == Textual;
        Answered answer = await gateway.PredictAsync(entries, isText ? null : Picture, isText ? "a text" : null);
        await Assert.That((answer.Status, answer.Message.Headers.RetryAfter?.Delta)).IsEqualTo((503, TimeSpan.FromSeconds(5)));
        await Assert.That(await HeldAsync(gateway)).IsEqualTo(0);
    }

    [Test]
    public async Task Bodies_that_are_held_count_against_the_budget_and_one_more_is_refused_at_once()
    {
        await using StandInUpstream box = Asleep();
        await using TestGateway gateway = await InFrontOf(box, ("MACHINE_LEARNING_HTTP_BODY_BYTES_IN_FLIGHT", "9000000"));
        byte[] large = new byte[1_000_000];
        Task<Answered>[] asked = [.. Enumerable.Range(0, 7).Select(_ => gateway.PredictAsync(Visual, large))];
        await UntilHeldAsync(gateway, 7);
        byte[] larger = new byte[3_000_000];
        Answered refused = await gateway.PredictAsync(Visual, larger);
        await Assert.That((refused.Status, refused.Message.Headers.RetryAfter is not null)).IsEqualTo((503, true));
        await Assert.That(asked.Any(one => one.IsCompleted)).IsFalse();
        box.Start();
        Answered[] answers = await Task.WhenAll(asked).Within();
        await Assert.That(answers.All(answer => answer.Status == 200)).IsTrue();
    }

    [Test]
    public async Task A_caller_that_goes_away_is_held_no_longer()
    {
        await using StandInUpstream box = Asleep();
        await using TestGateway gateway = await InFrontOf(box);
        using var leaves = new CancellationTokenSource();
        using MultipartFormDataContent form = TestGateway.Form(Visual, Picture, null);
        Task<HttpResponseMessage> asked = gateway.Http.PostAsync(new Uri("/predict", UriKind.Relative), form, leaves.Token);
        await UntilHeldAsync(gateway, 1);
        await leaves.CancelAsync();
        await Assert.That(async () => await asked).Throws<OperationCanceledException>();
        await UntilHeldAsync(gateway, 0);
    }

    [Test]
    public async Task A_box_that_breaks_off_and_comes_back_answers_what_it_had()
    {
        int asked = 0;
        await using var box = new StandInUpstream((socket, _) => Interlocked.Increment(ref asked) <= 3
            ? Task.CompletedTask
            : StandInUpstream.SendAsync(socket, StandInUpstream.Http(200, StandInUpstream.Clip)));
        await using TestGateway gateway = await InFrontOf(box);
        await Assert.That((await gateway.PredictAsync(Visual, Picture)).Status).IsEqualTo(200);
        await Assert.That(asked).IsEqualTo(4);
    }

    [Test]
    public async Task A_box_that_says_it_is_too_busy_is_asked_again_when_it_said()
    {
        int asked = 0;
        await using var box = new StandInUpstream((socket, _) => StandInUpstream.SendAsync(socket, Interlocked.Increment(ref asked) <= 2
            ? StandInUpstream.Http(503, """{"detail":"later"}""", "Retry-After: 0\r\n")
            : StandInUpstream.Http(200, StandInUpstream.Clip)));
        await using TestGateway gateway = await InFrontOf(box);
        await Assert.That((await gateway.PredictAsync(Visual, Picture)).Status).IsEqualTo(200);
        await Assert.That(asked).IsEqualTo(3);
    }

    [Test]
    public async Task A_magic_packet_goes_where_it_is_to()
    {
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        listening.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        await using StandInUpstream box = Asleep();
        await using TestGateway gateway = await InFrontOf(
            box, ("MACHINE_LEARNING_WAKE", $"00:11:22:aa:BB:cc@{listening.LocalEndPoint}"), ("MACHINE_LEARNING_HOLD", "0"));
        await gateway.PredictAsync(Visual, Picture);
        byte[] packet = new byte[200];
        int length = await listening.ReceiveAsync(packet).Within();
        byte[] mac = [0, 0x11, 0x22, 0xAA, 0xBB, 0xCC];
        byte[] expected = [.. Enumerable.Repeat((byte)255, 6), .. Enumerable.Repeat(mac, 16).SelectMany(bytes => bytes)];
        await Assert.That(packet.AsSpan(0, length).SequenceEqual(expected)).IsTrue();
    }

    [Test]
    [Arguments("00:11:22:33:44:55", "255.255.255.255:9")]
    [Arguments("00-11-22-33-44-55@10.0.0.255", "10.0.0.255:9")]
    [Arguments("001122334455@10.0.0.255:7", "10.0.0.255:7")]
    [Arguments("00:11:22:33:44", null)]
    [Arguments("00:11:22:33:44:5g", null)]
    [Arguments("00:11:22:33:44:55@box", null)]
    [Arguments("wakeonlan 00:11:22:33:44:55", null)]
    public async Task An_address_is_a_packet_and_all_else_a_command(string wish, string? to)
    {
        bool isPacket = WakeUp.TryReadPacket(wish, out _, out System.Net.IPEndPoint? read);
        await Assert.That((isPacket, isPacket ? read!.ToString() : null)).IsEqualTo((to is not null, to));
    }

    [Test]
    [Arguments("a b  c", "a|b|c")]
    [Arguments("sh -c 'echo \"x y\"'", "sh|-c|echo \"x y\"")]
    [Arguments("a \"b 'c\" ''", "a|b 'c|")]
    [Arguments("  ", "")]
    public async Task A_command_is_cut_at_blanks_outside_of_quotes(string command, string words) =>
        await Assert.That(string.Join('|', WakeUp.Split(command))).IsEqualTo(words);
}
