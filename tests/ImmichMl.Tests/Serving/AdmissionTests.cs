namespace ImmichMl.Tests.Serving;

[NotInParallel("slow model")]
public sealed class AdmissionTests
{
    [Test]
    public async Task A_full_queue_refuses_at_once_the_peer_that_fills_it()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless, ("MACHINE_LEARNING_QUEUE", "1"));
        using RawPeer peer = await slow.ConnectAsync();
        using RawPeer other = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1, 2);
        await peer.SendAsync(Ask.Predict(3, SlowModel.Name));
        Response? answer = await peer.ReceiveAsync();
        await Assert.That((Outcome.Of(answer), answer!.Error!.Retryable, answer.Error.RetryAfterMs > 0))
            .IsEqualTo(("3 overloaded", true, true));
        await slow.Daemon.Log.WaitAsync("Request 3 ", "predict overloaded", " 0 model runs");

        // Another peer gets the place of the one that has filled the queue.
        await other.SendAsync(Ask.Predict(3, SlowModel.Name));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("2 overloaded");
        await other.SendAsync(Ask.Ping(4));
        await Assert.That(await other.OutcomeAsync()).IsEqualTo("4 ok");
    }

    [Test]
    [Arguments(0)]
    [Arguments(1)]
    [Arguments(100)]
    public async Task What_cannot_start_before_its_deadline_is_not_started(int milliseconds)
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1);
        await peer.SendAsync(Ask.Predict(2, SlowModel.Name) with { DeadlineMs = milliseconds });
        Response? answer = await peer.ReceiveAsync();
        await Assert.That((Outcome.Of(answer), answer!.Error!.Retryable)).IsEqualTo(("2 deadline_exceeded", true));
        await slow.Daemon.Log.WaitAsync("Request 2 ", "predict deadline_exceeded", " 0 model runs");
    }

    [Test]
    [Arguments(int.MaxValue)]
    [Arguments(4294967296)]
    [Arguments(long.MaxValue)]
    public async Task A_deadline_may_be_as_far_away_as_one_likes(long milliseconds)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        PredictResult result = await daemon.Client.PredictAsync(Ask.Predict(0) with { DeadlineMs = milliseconds });
        await Assert.That(result.Clip).IsNotNull();
    }

    [Test]
    public async Task What_a_person_waits_for_goes_before_the_backlog()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Short);
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1);
        await peer.SendAsync(Ask.Predict(2, SlowModel.Name));
        await peer.SendAsync(Ask.Predict(3, SlowModel.Name) with { Priority = Priority.Background });
        await peer.SendAsync(Ask.Predict(4, SlowModel.Name) with { Priority = Priority.Interactive });
        var order = new List<string>();
        while (order.Count < 4)
        {
            order.Add(await peer.OutcomeAsync());
        }

        // Request 1 was in work already and may end before or after.
        await Assert.That(string.Join(", ", order.Where(outcome => outcome != "1 ok"))).IsEqualTo("4 ok, 2 ok, 3 ok");
    }
}
