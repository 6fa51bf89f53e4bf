using System.Net;
using System.Text.RegularExpressions;

namespace ImmichMl.Tests.Cli;

/// <summary>immich-ml serve --http: the daemon and the gateway as one program.</summary>
public sealed partial class ServeHttpTests
{
    const string Entries = """{"clip":{"visual":{"modelName":"synthetic__demo"}}}""";

    static readonly string DemoCache = Path.Combine(Repository.Root, "models", "demo");

    /// <summary>On a port that the system chooses; where, its log says.</summary>
    static async Task<(ServedProgram Served, HttpClient Http)> StartAsync(params (string Name, string? Value)[] settings)
    {
        ServedProgram served = await ServedProgram.StartWithAsync(DemoCache, ["--http", "127.0.0.1:0"], settings);
        await served.SaysAsync("RunningGateway: Listening on");
        return (served, new HttpClient { BaseAddress = new Uri(Where(served, 1)), Timeout = Patience.Limit });
    }

    static string Where(ServedProgram served, int start) => Listening().Matches(served.Errors)[start - 1].Groups["url"].Value;

    /// <summary>The gateway's process: the child of the daemon that carries its name.</summary>
    static int GatewayOf(ServedProgram served) => Directory.GetDirectories($"/proc/{served.ProcessId}/task")
        .SelectMany(task => File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(id => int.Parse(id, CultureInfo.InvariantCulture))
        .Single(id => File.ReadAllText($"/proc/{id}/cmdline").Contains("immich-ml-gateway", StringComparison.Ordinal));

    static async Task<(int Status, string Body)> PredictAsync(HttpClient http, byte[] image)
    {
        using MultipartFormDataContent form = Gateway.TestGateway.Form(Entries, image, text: null);
        using HttpResponseMessage answer = await http.PostAsync(new Uri("/predict", UriKind.Relative), form);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    [Test]
    public async Task One_command_answers_over_HTTP_and_over_the_socket_and_SIGTERM_ends_both_with_0()
    {
        (ServedProgram served, HttpClient http) = await StartAsync();
        await using ServedProgram daemon = served;
        using HttpClient client = http;
        await Assert.That(await http.GetStringAsync(new Uri("/ping", UriKind.Relative))).IsEqualTo("pong");
        (int status, string body) = await PredictAsync(http, TestPicture.Bmp(30, 20));
        await Assert.That((status, body[..9])).IsEqualTo((200, "{\"clip\":\""));
        await Assert.That((await served.AskAsync("ping")).Output).StartsWith("pong in ");
        int gateway = GatewayOf(served);
        served.Terminate();
        Finished ended = await served.EndAsync();
        await Assert.That((ended.ExitCode, ended.Output)).IsEqualTo((0, "")).Because(ended.Errors);
        await Assert.That(Directory.Exists($"/proc/{gateway}")).IsFalse();
        await Assert.That(ended.Errors).Contains("RunningGateway: Stopping");
    }

    [Test]
    public async Task A_body_that_is_half_sent_when_SIGTERM_comes_is_still_answered()
    {
        (ServedProgram served, HttpClient http) = await StartAsync();
        await using ServedProgram daemon = served;
        using HttpClient client = http;
        using MultipartFormDataContent form = Gateway.TestGateway.Form(Entries, TestPicture.Bmp(30, 20), text: null);
        byte[] body = await form.ReadAsByteArrayAsync();
        using var peer = new TcpClient();
        await peer.ConnectAsync("127.0.0.1", http.BaseAddress!.Port);
        NetworkStream stream = peer.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {form.Headers.ContentType}\r\nContent-Length: {body.Length}\r\n\r\n"));
        await stream.WriteAsync(body.AsMemory(0, body.Length / 2));

        // Read by the gateway, which is then not idle.
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        served.Terminate();
        await served.SaysAsync("RunningGateway: Stopping");
        await stream.WriteAsync(body.AsMemory(body.Length / 2));
        byte[] answer = new byte[15];
        await stream.ReadExactlyAsync(answer).AsTask().Within();
        await Assert.That(Encoding.ASCII.GetString(answer)).IsEqualTo("HTTP/1.1 200 OK");
        Finished ended = await served.EndAsync();
        await Assert.That(ended.ExitCode).IsEqualTo(0).Because(ended.Errors);
    }

    [Test]
    public async Task A_gateway_that_crashes_is_started_again_and_the_daemon_is_not_ready_meanwhile()
    {
        // A port of its own choice would be another one the second time.
        (ServedProgram served, HttpClient http) = await StartAsync();
        await using ServedProgram daemon = served;
        http.Dispose();
        Process.GetProcessById(GatewayOf(served)).Kill();
        await served.SaysAsync("The gateway was ended by signal 9 and is started again in 1 s");
        Finished unhealthy = await served.AskAsync("health");
        await Assert.That((unhealthy.ExitCode, unhealthy.Output.Trim())).IsEqualTo((1, "unhealthy: not ready"));
        while (Listening().Count(served.Errors) < 2)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        using var again = new HttpClient { BaseAddress = new Uri(Where(served, 2)) };
        await Assert.That(await again.GetStringAsync(new Uri("/ping", UriKind.Relative))).IsEqualTo("pong");
        await Assert.That((await served.AskAsync("health")).Output.Trim()).IsEqualTo("healthy");
    }

    [Test]
    public async Task A_gateway_that_is_told_to_stop_takes_the_daemon_along()
    {
        (ServedProgram served, HttpClient http) = await StartAsync();
        await using ServedProgram daemon = served;
        http.Dispose();
        using Process told = Process.Start("kill", ["-TERM", GatewayOf(served).ToString(CultureInfo.InvariantCulture)]);
        Finished ended = await served.EndAsync();
        await Assert.That(ended.ExitCode).IsEqualTo(0).Because(ended.Errors);
    }

    [Test]
    public async Task A_daemon_that_is_killed_leaves_no_gateway_behind()
    {
        (ServedProgram served, HttpClient http) = await StartAsync();
        await using ServedProgram daemon = served;
        http.Dispose();
        int gateway = GatewayOf(served);
        served.Signal(9);
        using var patience = new CancellationTokenSource(Patience.Limit);
        while (Directory.Exists($"/proc/{gateway}")
            && !File.ReadAllText($"/proc/{gateway}/stat").Contains(") Z ", StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }

    [Test]
    public async Task A_port_that_is_taken_ends_both_with_3()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        using var folder = new TempFolder();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Finished refused = await ChildProgram.RunAsync(
            ["serve", "--socket", folder.File("sock"), "--cache", DemoCache, "--http", $"127.0.0.1:{port}"]);
        await Assert.That(refused.ExitCode).IsEqualTo(3).Because(refused.Errors);
        await Assert.That(refused.Errors).Contains("another program listens there");
        await Assert.That(File.Exists(folder.File("sock"))).IsFalse();
    }

    [Test]
    [Arguments("127.0.0.1")]
    [Arguments("::1:3003")]
    [Arguments("[::1]:70000")]
    [Arguments("host:http")]
    public async Task What_is_no_address_is_a_usage_error(string address)
    {
        Finished refused = await ChildProgram.RunAsync(["serve", "--http", address]);
        await Assert.That(refused.ExitCode).IsEqualTo(2).Because(refused.Errors);
        await Assert.That(refused.Errors).Contains("HOST:PORT");
    }

    [Test]
    public async Task The_gateways_settings_count_in_one_file_with_the_daemons_and_what_neither_knows_is_told_once()
    {
        using var folder = new TempFolder();
        string file = folder.Write(
            """
            IMMICH_HOST=127.0.0.1
            IMMICH_PORT=0
            MACHINE_LEARNING_API_KEY=secret
            MACHINE_LEARNING_QUEUE=8
            MACHINE_LEARNING_WORKERS=2
            """u8, "settings");
        await using ServedProgram served = await ServedProgram.StartWithAsync(DemoCache, ["--http", "--config", file]);
        await served.SaysAsync("RunningGateway: Listening on");
        using var http = new HttpClient { BaseAddress = new Uri(Where(served, 1)) };
        using HttpResponseMessage refused = await http.GetAsync(new Uri("/metrics", UriKind.Relative));
        await Assert.That((int)refused.StatusCode).IsEqualTo(401);
        await Assert.That(string.Join(' ', NoEffect().Matches(served.Errors).Select(one => one.Groups["name"].Value)))
            .IsEqualTo("MACHINE_LEARNING_WORKERS");
    }

    [GeneratedRegex(@"RunningGateway: Listening on (?<url>http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();

    [GeneratedRegex("(?<name>[A-Z_]+) is set and has no effect")]
    private static partial Regex NoEffect();
}
