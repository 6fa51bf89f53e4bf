using System.Net;

namespace ImmichMl.Tests.Gateway;

/// <summary>What a balancer in front of the gateway sees: the end announced, connections that end, load, and others' probes.</summary>
public sealed class BalancerTests
{
    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    static async Task<string> AskAgentAsync(int port)
    {
        using var agent = new TcpClient();
        await agent.ConnectAsync(IPAddress.Loopback, port).Within();
        using var reader = new StreamReader(agent.GetStream());
        return await reader.ReadToEndAsync().Within();
    }

    [Test]
    public async Task Who_is_told_to_stop_says_so_and_takes_requests_until_the_delay_is_over()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        int port = FreePort();
        await using TestGateway gateway = await TestGateway.StartAsync(
            daemon.SocketPath, ("MACHINE_LEARNING_HTTP_DRAIN_DELAY", "15"), ("MACHINE_LEARNING_AGENT_PORT", $"{port}"));
        await Assert.That((await gateway.GetAsync("/ready")).Status).IsEqualTo(200);
        await Assert.That(await AskAgentAsync(port)).IsEqualTo("up 100% ready\n");
        Task stopped = gateway.StopAsync();
        Answered ready = await gateway.GetAsync("/ready");
        await Assert.That((ready.Status, ready.Message.Headers.ConnectionClose)).IsEqualTo((503, true));
        await Assert.That((await gateway.GetAsync("/v2/health/ready")).Status).IsEqualTo(503);
        await Assert.That(await AskAgentAsync(port)).IsEqualTo("drain\n");
        Answered answered = await gateway.PredictAsync("{}", TestPicture.Bmp(3, 2));
        await Assert.That((answered.Status, answered.Message.Headers.ConnectionClose)).IsEqualTo((200, true));
        await Assert.That(stopped.IsCompleted).IsFalse();
        gateway.Hurry();
        await stopped.Within();
        await Assert.That(async () => await gateway.GetAsync("/ping")).Throws<HttpRequestException>();
    }

    [Test]
    public async Task Without_a_delay_the_end_is_at_once()
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"), ("MACHINE_LEARNING_HTTP_DRAIN_DELAY", "0"));
        await gateway.StopAsync().Within();
        await Assert.That(gateway.Log.Lines.Any(line => line.Contains("Not ready any more", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    [Arguments("MACHINE_LEARNING_HTTP_REQUESTS_PER_CONNECTION", "3", "no no close no no close")]
    [Arguments("MACHINE_LEARNING_HTTP_REQUESTS_PER_CONNECTION", "0", "no no no no no no")]
    [Arguments("MACHINE_LEARNING_HTTP_CONNECTION_AGE", "0.0001", "no close no close no close")]
    [Arguments("MACHINE_LEARNING_HTTP_CONNECTION_AGE", "0", "no no no no no no")]
    public async Task A_connection_is_closed_with_the_answer_that_ends_its_time(string setting, string value, string closes)
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"), (setting, value));
        var seen = new List<string>();
        for (int i = 0; i < 6; i++)
        {
            seen.Add((await gateway.GetAsync("/")).Message.Headers.ConnectionClose == true ? "close" : "no");
            await Task.Delay(1);
        }

        await Assert.That(string.Join(' ', seen)).IsEqualTo(closes);
    }

    [Test]
    public async Task Every_answer_carries_the_load_as_Envoy_reads_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        foreach (Answered answer in (Answered[])[await gateway.GetAsync("/"), await gateway.GetAsync("/nothing"),
            await gateway.PredictAsync("{}", TestPicture.Bmp(3, 2))])
        {
            await Assert.That(answer.Message.Headers.GetValues("endpoint-load-metrics").Single())
                .IsEqualTo("TEXT application_utilization=0, rps_fractional=0, named_metrics.queue=0");
        }
    }

    [Test]
    [Arguments(0.7, 12.34, 3, "TEXT application_utilization=0.7, rps_fractional=12.34, named_metrics.queue=3")]
    [Arguments(1.23456, 0, 0, "TEXT application_utilization=1.235, rps_fractional=0, named_metrics.queue=0")]
    public async Task Load_is_written_with_a_point_and_three_places(double utilization, double rate, int waiting, string text) =>
        await Assert.That(LoadReport.Orca(utilization, rate, waiting)).IsEqualTo(text);

    [Test]
    [Arguments(false, true, 0d, "up 100% ready\n")]
    [Arguments(false, true, 0.5, "up 67% ready\n")]
    [Arguments(false, true, 1d, "up 50% ready\n")]
    [Arguments(false, true, 1e9, "up 1% ready\n")]
    [Arguments(false, false, 0d, "down\n")]
    [Arguments(true, true, 0d, "drain\n")]
    [Arguments(true, false, 0d, "drain\n")]
    public async Task The_agent_says_what_HAProxy_understands(bool isDraining, bool isUp, double utilization, string line) =>
        await Assert.That(LoadReport.Agent(isDraining, isUp, utilization)).IsEqualTo(line);

    [Test]
    public async Task The_agent_says_that_a_daemon_is_away()
    {
        using var folder = new TempFolder();
        int port = FreePort();
        await using TestGateway gateway = await TestGateway.StartAsync(
            folder.File("nobody"), ("MACHINE_LEARNING_AGENT_PORT", $"{port}"));
        await Assert.That(await AskAgentAsync(port)).IsEqualTo("down\n");
    }

    [Test]
    [Arguments("/v2", 200, "{\"name\":\"immich-ml\",\"version\":\"0.1.0\",\"extensions\":[]}")]
    [Arguments("/v2/health/live", 200, "{\"live\":true}")]
    [Arguments("/v2/health/ready", 200, "{\"ready\":true}")]
    [Arguments("/v2/models/" + DemoModels.Name, 200,
        "{\"name\":\"" + DemoModels.Name + "\",\"versions\":[\"1\"],\"platform\":\"onnx_onnxv1\",\"inputs\":[],\"outputs\":[]}")]
    [Arguments("/v2/models/" + DemoModels.Name + "/ready", 200, "{\"name\":\"" + DemoModels.Name + "\",\"ready\":true}")]
    [Arguments("/v2/models/nobody__knows/ready", 404, "{\"detail\":\"No model of that name is in the cache.\"}")]
    [Arguments("/v2/models/", 404, "{\"detail\":\"Not Found\"}")]
    [Arguments("/v2/models/ready", 404, "{\"detail\":\"Not Found\"}")]
    public async Task Platforms_probe_by_the_Open_Inference_Protocol(string path, int status, string body)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        Answered answer = await gateway.GetAsync(path);
        await Assert.That((answer.Status, answer.Body)).IsEqualTo((status, body));
    }

    [Test]
    public async Task Metrics_tell_capacity_and_use_by_lane_and_device()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_REQUEST_THREADS", "3"));
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        string[] lines = (await gateway.GetAsync("/metrics")).Body.Split('\n');
        foreach (string line in (string[])
        [
            """immich_ml_lane_capacity{lane="interactive"} 4""", """immich_ml_lane_capacity{lane="background"} 3""",
            """immich_ml_lane_busy{lane="background"} 0""", """immich_ml_lane_utilization{lane="background"} 0""",
            """immich_ml_device_capacity{provider="cpu",id="0"} 3""", """immich_ml_device_busy{provider="cpu",id="0"} 0""",
            """immich_ml_device_utilization{provider="cpu",id="0"} 0""",
        ])
        {
            await Assert.That(lines).Contains(line);
        }
    }

    [Test]
    [Arguments("true", "/s3cret/ready", 200)]
    [Arguments("true", "/s3cret/", 200)]
    [Arguments("true", "/s3cret", 200)]
    [Arguments("true", "/s3cret/status/", 307)]
    [Arguments("true", "/s3cret/ping", 200)]
    [Arguments("true", "/s3cre/ready", 401)]
    [Arguments("true", "/s3cret/s3cret/ready", 404)]
    [Arguments("true", "/ready", 401)]
    [Arguments("true", "/ping", 200)]
    [Arguments("false", "/s3cret/ready", 401)]
    public async Task A_key_may_stand_in_the_path_where_that_is_allowed(string allowed, string path, int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(
            daemon.SocketPath, ("MACHINE_LEARNING_API_KEY", "s3cret"), ("MACHINE_LEARNING_API_KEY_IN_PATH", allowed));
        using var once = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using HttpResponseMessage answer = await once.GetAsync(new Uri(gateway.Address, path));
        await Assert.That((int)answer.StatusCode).IsEqualTo(status);
        if (status == 307)
        {
            await Assert.That(answer.Headers.Location!.AbsolutePath).IsEqualTo("/s3cret/status");
        }

        await gateway.Log.WaitAsync("GET /");
        await Assert.That(gateway.Log.Lines.Any(line => allowed == "true" && line.Contains("s3cre", StringComparison.Ordinal))).IsFalse();
    }
}
