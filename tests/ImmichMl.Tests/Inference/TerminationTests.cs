namespace ImmichMl.Tests.Inference;

/// <summary>A model run that nobody waits for ends at its next operator.</summary>
public sealed class TerminationTests
{
    [Test]
    public async Task Cancelling_ends_a_run_that_would_take_minutes()
    {
        using TempFolder cache = EndlessModel.Cache();
        using ModelSession session = new SessionFactory(new RuntimeOptions())
            .Create(new ModelKey(ModelKind.ClipVisual, EndlessModel.Slow), cache.File("clip", EndlessModel.Slow, "visual", "model.onnx"));
        using var peer = new CancellationTokenSource();
        Task<OutputTensor> run = Task.Run(() => session.Run(new float[192], [1, 3, 8, 8], peer.Token));
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        await Assert.That(run.IsCompleted).IsFalse();
        await peer.CancelAsync();
        await Assert.That(() => (Task)run.Within()).Throws<OperationCanceledException>();
    }

    [Test]
    public async Task A_peer_that_cancels_is_answered_and_its_turn_goes_to_the_next()
    {
        byte[] picture = TestPicture.Bmp(8, 8);
        using TempFolder cache = EndlessModel.Cache();
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(cache.Path, ("MACHINE_LEARNING_REQUEST_THREADS", "1"));
        await daemon.Client.LoadAsync(Clip.Address(EndlessModel.Slow)).Within();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(Clip.Visual(EndlessModel.Slow, picture) with { Id = 1 });

        // A pong says that the request before it has been taken on.
        await peer.SendAsync(new PingRequest { Id = 3 });
        await peer.ReceiveAsync(EmptyResult.Read, Patience.Limit.TotalSeconds);
        Task<PredictResult> next = daemon.Client.EmbedAsync(EndlessModel.Quick, picture);
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        await Assert.That(next.IsCompleted).IsFalse();
        await peer.SendAsync(new CancelRequest { Id = 2, Target = 1 });

        // Either may come first.
        Response?[] answers = [await peer.ReceiveAsync(CancelResult.Read, Patience.Limit.TotalSeconds),
            await peer.ReceiveAsync(CancelResult.Read, Patience.Limit.TotalSeconds)];
        await Assert.That(answers.Single(answer => answer!.Id == 1)!.Error!.Code.Name).IsEqualTo("cancelled");
        await Assert.That(((CancelResult)answers.Single(answer => answer!.Id == 2)!.Result!).Cancelled).IsTrue();
        await Assert.That((await next).Clip!.Length).IsEqualTo(192);
    }
}
