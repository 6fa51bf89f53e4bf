using MessagePack;

namespace ImmichMl.Tests.Client;

public sealed class ReadLoopTests
{
    [Test]
    public async Task Whatever_ends_the_reading_fails_every_open_call_and_every_later_one()
    {
        await using var server = new FakeServer(async socket =>
        {
            await FakeServer.ReceiveAsync(socket, 2);
            await socket.SendAsync(FakeServer.Encode(new Response { Id = 1, Result = EmptyResult.Instance }));
            await FakeServer.ReceiveAsync(socket, 1);
        });
        await using MlConnection connection = await OpenAsync(server);
        await Assert.That(connection.State).IsEqualTo(ConnectionState.Open);
        Task<Result>[] calls = [Ask(connection, Surprise), Ask(connection, EmptyResult.Read)];
        var causes = new HashSet<Exception>();
        foreach (Task<Result> call in calls)
        {
            causes.Add((await Assert.That(async () => await call.Within()).Throws<MlConnectionException>())!);
        }

        causes.Add((await Assert.That(async () => await Ask(connection, EmptyResult.Read).Within()).Throws<MlConnectionException>())!);
        await Assert.That(causes.Single().InnerException).IsTypeOf<NotSupportedException>();
    }

    [Test]
    public async Task The_first_cause_stays_when_a_connection_that_has_ended_is_closed()
    {
        await using var server = new FakeServer(socket => FakeServer.ReceiveAsync(socket, 1));
        MlConnection connection = await OpenAsync(server);
        var first = await Assert.That(async () => await Ask(connection, EmptyResult.Read).Within()).Throws<MlConnectionException>();
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        await Assert.That(connection.State).IsEqualTo(ConnectionState.Closed);
        var later = await Assert.That(async () => await Ask(connection, EmptyResult.Read).Within()).Throws<MlConnectionException>();
        await Assert.That(ReferenceEquals(first, later)).IsTrue();
        await Assert.That(later!.Message).EndsWith("hung up.");
    }

    [Test]
    public async Task Cancellation_callbacks_that_throw_lose_no_other_request()
    {
        await using var server = new FakeServer(async socket =>
        {
            Request[] asked = await FakeServer.ReceiveAsync(socket, 3);
            var other = asked.OfType<PingRequest>().Single(ping => ping.Id != asked.OfType<CancelRequest>().Single().Target);
            await socket.SendAsync(FakeServer.Encode(new Response { Id = other.Id, Result = EmptyResult.Instance }));
            await FakeServer.ReceiveAsync(socket, 1);
        });
        await using MlConnection connection = await OpenAsync(server);
        using var cancellation = new CancellationTokenSource();
        cancellation.Token.Register(() => throw new NotSupportedException());
        Task<Result> givenUp = connection.SendAsync(new PingRequest { Id = 0 }, EmptyResult.Read, cancellation.Token);
        cancellation.Token.Register(() => throw new NotSupportedException());
        Task<Result> other = Ask(connection, EmptyResult.Read);
        await Assert.That(() => cancellation.CancelAsync()).Throws<AggregateException>();
        await Assert.That(async () => await givenUp.Within()).Throws<OperationCanceledException>();
        await Assert.That(await other.Within()).IsTypeOf<EmptyResult>();
        await Assert.That(connection.State).IsEqualTo(ConnectionState.Open);
    }

    static Task<MlConnection> OpenAsync(FakeServer server) =>
        MlConnection.OpenAsync(new MlClientOptions { SocketPath = server.Path }, CancellationToken.None);

    static Task<Result> Ask(MlConnection connection, ResultReader read) =>
        connection.SendAsync(new PingRequest { Id = 0 }, read, CancellationToken.None);

    static Result Surprise(ref MessagePackReader reader) => throw new NotSupportedException("Nobody has thought of this.");
}
