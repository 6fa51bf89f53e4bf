namespace ImmichMl.Tests.Bench;

/// <summary>The requests over HTTP against servers that answer in every way, and against the real gateway elsewhere.</summary>
public sealed class HttpConnectionsTests
{
    const string Answer = """{"clip":"[1.0]"}""";

    static readonly Call s_image = new(
        0, new EndpointOptions { MaxResolution = 700 }.Describe("image", 1), [1, 2, 13, 10, 45, 45, 0, 255], null);

    [Test]
    [Arguments("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + Answer)]
    [Arguments("HTTP/1.1 200\r\ncontent-length:16\r\n\r\n" + Answer)]
    [Arguments("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + Answer)]
    [Arguments("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"cl\r\n00C;x=y\r\nip\":\"[1.0]\"}\r\n0\r\nTrailer: x\r\n\r\n")]
    [Arguments("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + Answer)]
    [Arguments("HTTP/1.0 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n" + Answer)]
    public async Task Every_form_of_an_answer_is_read_and_the_next_one_after_it(string answer)
    {
        await using var server = new LoopbackHttp((_, _) => Task.FromResult(Encoding.Latin1.GetBytes(answer)));
        await using HttpConnections connections = Connect(server);
        for (int i = 0; i < 3; i++)
        {
            await Assert.That(await connections.AskAsync(0, s_image, CancellationToken.None)).IsNull();
        }

        await Assert.That((server.Requests, server.Connections)).IsEqualTo((3, answer.Contains("close", StringComparison.Ordinal) ? 3 : 1));
    }

    [Test]
    [Arguments("http_503", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno")]
    [Arguments("http_422", "HTTP/1.1 422 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [Arguments("unexpected_answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [Arguments("no_http", "SSH-2.0-OpenSSH_9\r\n\r\n")]
    [Arguments("no_http", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")]
    [Arguments("no_http", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")]
    [Arguments("no_http", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [Arguments("no_connection", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n" + Answer)]
    [Arguments("no_connection", "HTTP/1.1 200 OK\r\nConnection: close\r\n")]
    public async Task Every_failure_has_its_code_and_the_next_request_goes_through(string code, string answer)
    {
        await using var server = new LoopbackHttp((_, before) =>
            Task.FromResult(before == 0 ? Encoding.Latin1.GetBytes(answer) : LoopbackHttp.Ok(Answer)));
        await using HttpConnections connections = Connect(server);
        string? failed = null;
        try
        {
            await connections.AskAsync(0, s_image, CancellationToken.None);
        }
        catch (Exception e)
        {
            failed = FaultCode.Of(e);
        }

        await Assert.That(failed).IsEqualTo(code);
        await connections.AskAsync(0, s_image, CancellationToken.None);
        await Assert.That(server.Requests).IsEqualTo(2);
    }

    [Test]
    public async Task A_server_that_says_nothing_is_a_timeout()
    {
        var never = new TaskCompletionSource<byte[]>();
        await using var server = new LoopbackHttp((_, _) => never.Task);
        await using HttpConnections connections = Connect(server, TimeSpan.FromMilliseconds(200));
        await Assert.That(async () => await connections.AskAsync(0, s_image, CancellationToken.None)).Throws<TimeoutException>();
    }

    [Test]
    public async Task The_request_is_Immichs_form_and_its_parts_are_whole()
    {
        string? seen = null;
        await using var server = new LoopbackHttp((request, _) =>
        {
            seen = request;
            return Task.FromResult(LoopbackHttp.Ok(
                """{"facial-recognition":[]}""", "Server-Timing: queue;dur=1.5, inference;dur=20, total;dur=30.25\r\n"));
        });
        var options = new EndpointOptions { MinFaceScore = 0.25, FacesModel = "a \"b\"" };
        var call = new Call(0, options.Describe("faces", 1), s_image.Image, null);
        await using HttpConnections connections = Connect(server);
        Timings? timings = await connections.AskAsync(0, call, CancellationToken.None);
        await Assert.That((timings!.Queue, timings.Inference, timings.Decode, timings.Total)).IsEqualTo((1.5, 20, 0, 30.25));
        await Assert.That(seen!).StartsWith($"POST /predict HTTP/1.1\r\nHost: {server.Url[7..]}\r\n");
        await Assert.That(seen!).Contains("\r\nX-Api-Key: secret\r\n");
        string boundary = seen!.Split("boundary=")[1].Split('\r')[0];
        string[] parts = seen.Split("\r\n\r\n", 2)[1].Split($"--{boundary}");
        await Assert.That((parts.Length, parts[3])).IsEqualTo((4, "--\r\n"));
        using JsonDocument entries = JsonDocument.Parse(parts[1].Split("\r\n\r\n")[1]);
        JsonElement task = entries.RootElement.GetProperty("facial-recognition");
        await Assert.That(task.GetProperty("detection").GetProperty("options").GetProperty("minScore").GetDouble()).IsEqualTo(0.25);
        await Assert.That(task.GetProperty("recognition").GetProperty("modelName").GetString()).IsEqualTo("a \"b\"");
        await Assert.That(parts[2]).EndsWith("\r\n\r\n" + Encoding.Latin1.GetString(call.Image!) + "\r\n");
    }

    [Test]
    [Arguments("http://localhost:3003", "http://localhost:3003", "http://localhost:3003/predict")]
    [Arguments("http://10.0.0.7/ml/", "http://10.0.0.7", "http://10.0.0.7/ml/predict")]
    [Arguments("http://[::1]:80", "http://[::1]", "http://[::1]/predict")]
    public async Task A_URL_names_the_server_and_where_it_predicts(string text, string name, string url)
    {
        await Assert.That(HttpConnections.ReadUrl(text).AbsoluteUri).IsEqualTo(url);
        await Assert.That(BenchTarget.Read(text, [], Patience.Limit).Name).IsEqualTo(name);
    }

    [Test]
    [Arguments("https://localhost")]
    [Arguments("ftp://localhost")]
    [Arguments("http://")]
    [Arguments("http://user:word@host")]
    [Arguments("nonsense")]
    public async Task What_is_no_such_URL_is_refused(string text) =>
        await Assert.That(() => HttpConnections.ReadUrl(text)).Throws<FormatException>();

    [Test]
    public async Task A_header_that_is_none_is_refused() =>
        await Assert.That(() => new HttpConnections(new Uri("http://x"), ["no header"], Patience.Limit, 1)).Throws<FormatException>();

    static HttpConnections Connect(LoopbackHttp server, TimeSpan? timeout = null) =>
        new(HttpConnections.ReadUrl(server.Url), ["X-Api-Key: secret"], timeout ?? Patience.Limit, 1);
}
