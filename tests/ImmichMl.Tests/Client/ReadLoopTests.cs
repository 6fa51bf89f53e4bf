using ImmichMl.Client;
using ImmichMl.Protocol.Messages;
using ImmichMl.Tests.Support;
using MessagePack;

namespace ImmichMl.Tests.Client;

public sealed class ReadLoopTests
{
    [Test]
    public async Task Whatever_ends_the_reading_fails_every_open_call()
    {
        await using var server = new FakeServer(async socket =>
        {
            await FakeServer.ReceiveAsync(socket, 2);
            await socket.SendAsync(FakeServer.Encode(new Response { Id = 1, Result = EmptyResult.Instance }));
            await FakeServer.ReceiveAsync(socket, 1);
        });
        await using MlConnection connection = await MlConnection.OpenAsync(new MlClientOptions { SocketPath = server.Path }, CancellationToken.None);
        Task<Result>[] calls =
        [
            connection.SendAsync(new PingRequest { Id = 0 }, Surprise, CancellationToken.None),
            connection.SendAsync(new PingRequest { Id = 0 }, EmptyResult.Read, CancellationToken.None),
        ];
        foreach (Task<Result> call in calls)
        {
            var fault = await Assert.That(async () => await call.Within()).Throws<MlConnectionException>();
            await Assert.That(fault!.InnerException).IsTypeOf<NotSupportedException>();
        }

        await Assert.That(connection.IsBroken).IsTrue();
    }

    static Result Surprise(ref MessagePackReader reader) => throw new NotSupportedException("Nobody has thought of this.");
}
