namespace ImmichMl.Tests.Client;

public sealed class BrokenServerTests
{
    [Test]
    [Arguments("no answer at all", "")]
    [Arguments("half a length", "0000")]
    [Arguments("half a frame", "00000008 82A26964")]
    [Arguments("a length of 0", "00000000")]
    [Arguments("HTTP", "485454502F312E31203430302042616420526571756573740D0A0D0A")]
    [Arguments("a payload that is no map", "00000001 C0")]
    [Arguments("a map cut short", "00000002 82A2")]
    [Arguments("a reserved byte", "00000005 81A26964C1")]
    [Arguments("neither result nor error", "00000005 81A2696401")]
    [Arguments("no id", "00000009 81A6726573756C7480")]
    [Arguments("an id that is no number", "0000000D 82A26964A131A6726573756C7480")]
    [Arguments("a result that is no map", "0000000C 82A2696401A6726573756C74C0")]
    [Arguments("a result of the wrong kind", "00000018 82A2696401A6726573756C7481A776657273696F6E01")]
    public async Task What_is_no_answer_breaks_the_connection(string what, string hex)
    {
        await using var server = FakeServer.Answering(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        await using var client = new MlClient(new MlClientOptions { SocketPath = server.Path });
        var broken = await Assert.That(async () => await client.GetInfoAsync().Within()).Throws<MlConnectionException>();
        await Assert.That(broken!.Message).Contains(server.Path).Because(what);
    }

    [Test]
    public async Task An_error_without_an_id_fails_every_open_call_with_its_code()
    {
        var error = new ErrorDetail { Code = ErrorCode.InvalidRequest, Message = "What was that?", Retryable = false };
        await using var server = new FakeServer(async socket =>
        {
            await FakeServer.ReceiveAsync(socket, 2);
            await socket.SendAsync(FakeServer.Encode(new Response { Id = 0, Error = error }));
        });
        await using var client = new MlClient(new MlClientOptions { SocketPath = server.Path });
        foreach (Task call in (Task[])[client.PingAsync(), client.PingAsync()])
        {
            var fault = await Assert.That(async () => await call.WaitAsync(TimeSpan.FromSeconds(30))).Throws<MlErrorException>();
            await Assert.That((fault!.Code, fault.Error.Message)).IsEqualTo((ErrorCode.InvalidRequest, "What was that?"));
        }
    }

    [Test]
    public async Task Answers_in_another_order_and_answers_to_nobody_do_no_harm()
    {
        await using var server = new FakeServer(async socket =>
        {
            Request[] asked = await FakeServer.ReceiveAsync(socket, 2);
            await socket.SendAsync(FakeServer.Encode(new Response { Id = 4711, Result = new CancelResult(true) }));
            foreach (Request request in asked.OrderByDescending(request => request.Id))
            {
                Result result = request is ModelsRequest ? new ModelsResult([]) : EmptyResult.Instance;
                await socket.SendAsync(FakeServer.Encode(new Response { Id = request.Id, Result = result }));
            }

            await FakeServer.ReceiveAsync(socket, 1);
        });
        await using var client = new MlClient(new MlClientOptions { SocketPath = server.Path });
        Task ping = client.PingAsync();
        Task<ModelsResult> models = client.GetModelsAsync();
        await ping.WaitAsync(TimeSpan.FromSeconds(30));
        await Assert.That((await models.WaitAsync(TimeSpan.FromSeconds(30))).Models).IsEmpty();
        await Assert.That(server.Accepted).IsEqualTo(1);
    }

    [Test]
    public async Task A_connection_that_was_closed_meanwhile_is_made_anew_once_and_not_for_ever()
    {
        await using var server = new FakeServer(async socket =>
        {
            Request[] asked = await FakeServer.ReceiveAsync(socket, 1);
            if (asked[0] is PingRequest)
            {
                await socket.SendAsync(FakeServer.Encode(new Response { Id = asked[0].Id, Result = EmptyResult.Instance }));
                await FakeServer.ReceiveAsync(socket, 1);
            }
        });
        await using var client = new MlClient(new MlClientOptions { SocketPath = server.Path });
        await client.PingAsync();
        await Assert.That(async () => await client.GetModelsAsync().WaitAsync(TimeSpan.FromSeconds(30))).Throws<MlConnectionException>();
        await Assert.That(server.Accepted).IsEqualTo(2);
    }

    [Test]
    public async Task An_answer_over_the_limit_is_not_read()
    {
        await using var server = FakeServer.Answering([0, 0, 4, 1, .. new byte[1025]]);
        await using var client = new MlClient(new MlClientOptions { SocketPath = server.Path, MaxFrameBytes = 1024 });
        var broken = await Assert.That(async () => await client.PingAsync().Within()).Throws<MlConnectionException>();
        await Assert.That(broken!.Message).Contains("1025");
    }
}
