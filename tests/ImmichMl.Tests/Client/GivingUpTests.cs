namespace ImmichMl.Tests.Client;

[NotInParallel("slow model")]
public sealed class GivingUpTests
{
    [Test]
    public async Task Cancelling_a_call_cancels_the_request_and_keeps_the_connection()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        using var cancellation = new CancellationTokenSource();
        Task<PredictResult> call = slow.Daemon.Client.PredictAsync(Ask.Predict(0, SlowModel.Name), cancellation.Token);
        await slow.Daemon.Client.PingAsync();
        await cancellation.CancelAsync();
        await Assert.That(async () => await call).Throws<OperationCanceledException>();
        await slow.Daemon.Log.WaitAsync("of connection 1: predict cancelled");
        await slow.Daemon.Client.PingAsync();
        await Assert.That(slow.Daemon.Log.Lines.Any(line => line.Contains("Connection 2 ", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    public async Task A_call_that_is_cancelled_already_asks_for_nothing()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        await daemon.Client.PingAsync();
        await Assert.That(async () => await daemon.Client.PredictAsync(Ask.Predict(0), new CancellationToken(canceled: true)))
            .Throws<OperationCanceledException>();
        await daemon.Client.PingAsync();
        await Assert.That(daemon.Log.Lines.Any(line => line.Contains("predict", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    public async Task A_call_that_takes_too_long_is_given_up_and_cancelled()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        await using var client = new MlClient(new MlClientOptions
        {
            SocketPath = slow.Daemon.SocketPath,
            RequestTimeout = TimeSpan.FromSeconds(0.5),
        });
        var late = await Assert.That(async () => await client.PredictAsync(Ask.Predict(0, SlowModel.Name))).Throws<TimeoutException>();
        await Assert.That(late!.Message).IsEqualTo("predict was not answered within 0.5 s.");
        await slow.Daemon.Log.WaitAsync("of connection 2: predict cancelled");
        await client.PingAsync();
    }

    [Test]
    public async Task Disposing_the_client_fails_its_open_calls_and_none_of_them_is_asked_again()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless);
        var client = new MlClient(new MlClientOptions { SocketPath = slow.Daemon.SocketPath });
        await client.PingAsync();
        Task[] calls = [.. Enumerable.Range(0, 5).Select(_ => client.PredictAsync(Ask.Predict(0, SlowModel.Name)))];
        await client.PingAsync();
        await client.DisposeAsync();
        foreach (Task call in calls)
        {
            await Assert.That(async () => await call.WaitAsync(TimeSpan.FromSeconds(30))).Throws<MlConnectionException>();
        }

        await slow.Daemon.Log.WaitAsync("Connection 2 has ended");
        await Assert.That(slow.Daemon.Log.Lines.Any(line => line.Contains("Connection 3 ", StringComparison.Ordinal))).IsFalse();
    }

    [Test]
    public async Task Calls_that_wait_while_a_large_one_is_sent_end_when_the_client_is_disposed()
    {
        // The server takes one request and reads no more: the next call fills the socket, and the others wait for it.
        var taken = new TaskCompletionSource();
        var over = new TaskCompletionSource();
        await using var server = new FakeServer(async socket =>
        {
            await FakeServer.ReceiveAsync(socket, 1);
            taken.SetResult();
            await over.Task;
        });
        var client = new MlClient(new MlClientOptions { SocketPath = server.Path });
        Task first = client.PingAsync();
        await taken.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Task[] calls = [first, .. Enumerable.Range(0, 5).Select(_ => client.PredictAsync(Ask.Predict(0, image: new byte[4_000_000])))];
        await client.DisposeAsync();
        Exception?[] faults = await Task.WhenAll(calls.Select(FaultAsync));
        over.SetResult();
        await Assert.That(faults.Select(fault => fault?.GetType()).Distinct().Single()).IsEqualTo(typeof(MlConnectionException));
    }

    static async Task<Exception?> FaultAsync(Task call)
    {
        try
        {
            await call.WaitAsync(TimeSpan.FromSeconds(30));
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }
}
