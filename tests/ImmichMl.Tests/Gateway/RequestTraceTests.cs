using System.Text.RegularExpressions;

namespace ImmichMl.Tests.Gateway;

/// <summary>A request has one name in the answer and in both logs.</summary>
public sealed partial class RequestTraceTests
{
    static HttpRequestMessage Request(string id, string? parent = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/predict", UriKind.Relative))
        {
            Content = TestGateway.Form("""{"clip":{"visual":{"modelName":"no-such-model"}}}""", TestPicture.Bmp(3, 2), null),
        };
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);
        if (parent is not null)
        {
            request.Headers.TryAddWithoutValidation("traceparent", parent);
        }

        return request;
    }

    [Test]
    public async Task The_callers_id_and_trace_stand_in_the_answer_and_in_both_logs()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await using TestGateway gateway = await TestGateway.StartAsync(daemon.SocketPath);
        const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        using HttpRequestMessage request = Request("import-2026/17", Parent);
        Answered answer = await gateway.SendAsync(request);
        await Assert.That(answer.Status).IsEqualTo(404);
        await Assert.That(answer.Message.Headers.GetValues("X-Request-Id").Single()).IsEqualTo("import-2026/17");
        await Assert.That(string.Join('\n', gateway.Log.Lines)).Contains($"(import-2026/17 traceparent {Parent})");
        await Assert.That(string.Join('\n', daemon.Log.Lines)).Contains($"predict (import-2026/17 traceparent {Parent}) unknown_model");
    }

    [Test]
    [Arguments("two words")]
    [Arguments("<script>")]
    [Arguments("")]
    public async Task Another_form_of_id_is_replaced_by_one_of_our_own(string id)
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        using HttpRequestMessage request = Request(id, parent: "00-zz");
        Answered answer = await gateway.SendAsync(request);
        string made = answer.Message.Headers.GetValues("X-Request-Id").Single();
        await Assert.That(Made().IsMatch(made)).IsTrue().Because(made);
        await Assert.That(string.Join('\n', gateway.Log.Lines)).Contains($"({made})");
    }

    [Test]
    public async Task An_id_may_have_128_characters_and_no_more()
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        foreach (int length in (int[])[128, 129])
        {
            using HttpRequestMessage request = Request(new string('a', length));
            Answered answer = await gateway.SendAsync(request);
            await Assert.That(answer.Message.Headers.GetValues("X-Request-Id").Single().Length).IsEqualTo(length == 128 ? 128 : 32);
        }
    }

    [Test]
    public async Task The_description_is_of_this_version()
    {
        using var folder = new TempFolder();
        await using TestGateway gateway = await TestGateway.StartAsync(folder.File("nobody"));
        using JsonDocument description = JsonDocument.Parse((await gateway.GetAsync("/openapi.json")).Body);
        await Assert.That(description.RootElement.GetProperty("info").GetProperty("version").GetString())
            .IsEqualTo(typeof(RunningGateway).Assembly.GetName().Version!.ToString(3));
    }

    [GeneratedRegex("^[0-9a-f]{32}$")]
    private static partial Regex Made();
}
