namespace ImmichMl.Tests.Serving;

[NotInParallel("slow model")]
public sealed class OpenRequestTests
{
    [Test]
    public async Task An_id_that_is_open_is_refused_and_the_first_request_goes_on()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Short);
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1);
        await peer.SendAsync(Ask.Predict(1, SlowModel.Name));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 invalid_request");
        await peer.SendAsync(Ask.Ping(1));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 invalid_request");
        await peer.SendAsync(Ask.Cancel(1, target: 1));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 invalid_request");
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        await peer.SendAsync(Ask.Ping(1));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok").Because("an id that was answered may be used again");
    }

    [Test]
    public async Task A_request_that_is_cancelled_is_answered_so()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1, 2);
        foreach (ulong target in (ulong[])[2, 1])
        {
            await peer.SendAsync(Ask.Cancel(3, target));
            Response?[] answers = [await peer.ReceiveAsync(CancelResult.Read), await peer.ReceiveAsync(CancelResult.Read)];
            await Assert.That(string.Join(", ", answers.Select(Outcome.Of).Order(StringComparer.Ordinal)))
                .IsEqualTo($"{target} cancelled, 3 ok");
            await Assert.That(answers.Single(answer => answer!.Id == 3)!.Result).IsEqualTo(new CancelResult(true));
        }

        await slow.Daemon.Log.WaitAsync("Request 2 ", "predict cancelled", " 0 model runs");
    }

    [Test]
    public async Task Cancelling_what_is_not_open_says_so()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        foreach (ulong target in (ulong[])[12, 7, 0, ulong.MaxValue])
        {
            await peer.SendAsync(Ask.Cancel(7, target));
            Response? answer = await peer.ReceiveAsync(CancelResult.Read);
            await Assert.That(answer!.Id).IsEqualTo(7UL);
            await Assert.That(answer.Result).IsEqualTo(new CancelResult(false));
        }
    }

    [Test]
    public async Task A_peer_cannot_cancel_what_another_has_asked_for()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Short);
        using RawPeer peer = await slow.ConnectAsync();
        using RawPeer other = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1);
        await other.SendAsync(Ask.Cancel(2, target: 1));
        await Assert.That((await other.ReceiveAsync(CancelResult.Read))!.Result).IsEqualTo(new CancelResult(false));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
    }

    [Test]
    public async Task Hanging_up_cancels_everything_that_was_asked_for()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        using (RawPeer peer = await slow.ConnectAsync())
        {
            await SlowDaemon.OccupyAsync(peer, 1, 2);
        }

        await slow.Daemon.Log.WaitAsync("Request 1 ", "predict cancelled");
        await slow.Daemon.Log.WaitAsync("Request 2 ", "predict cancelled", " 0 model runs");
        await slow.Daemon.Log.WaitAsync("Connection 2 has ended");
    }

    [Test]
    public async Task One_request_too_many_is_answered_overloaded_and_a_ping_is_not()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless, ("MACHINE_LEARNING_REQUESTS_PER_CONNECTION", "2"));
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1, 2);
        await peer.SendAsync(Ask.Predict(3, SlowModel.Name));
        Response? answer = await peer.ReceiveAsync();
        await Assert.That((Outcome.Of(answer), answer!.Error!.Retryable)).IsEqualTo(("3 overloaded", true));
        await peer.SendAsync(Ask.Ping(4));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("4 ok").Because("a ping is answered whatever the load");
        await peer.SendAsync(Ask.Cancel(5, target: 2));
        await Assert.That(await peer.OutcomesAsync(2)).IsEqualTo("2 cancelled, 5 ok");
        await peer.SendAsync(Ask.Predict(6, image: []));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("6 image_empty").Because("there is room again");
    }
}
