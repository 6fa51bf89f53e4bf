namespace ImmichMl.Tests.Daemon;

/// <summary>With this test as the service manager: the work loop feeds the watchdog, and one that is stuck does not.</summary>
public sealed class WatchdogTests
{
    static string Demo => Path.Combine(Repository.Root, "models", "demo");

    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    static (string, string?)[] Watched => [("WATCHDOG_USEC", "2000000"), ("MACHINE_LEARNING_REQUEST_THREADS", "1")];

    [Test]
    public async Task An_idle_daemon_feeds_within_the_limit()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(Demo, Watched);
        for (int i = 0; i < 4; i++)
        {
            await Assert.That(await served.NotificationAsync(s_limit)).IsEqualTo("WATCHDOG=1");
        }
    }

    [Test]
    public async Task A_run_that_goes_on_for_too_long_stops_the_feeding_while_pings_are_answered_and_its_end_resumes_it()
    {
        using TempFolder cache = EndlessModel.Cache();
        await using ServedProgram served = await ServedProgram.StartAsync(cache.Path, Watched);
        await using var client = new MlClient(new MlClientOptions { SocketPath = served.Socket });
        await client.LoadAsync(Clip.Address(EndlessModel.Slow)).Within();
        using var giveUp = new CancellationTokenSource();
        Task<PredictResult> slow = client.EmbedAsync(EndlessModel.Slow, TestPicture.Bmp(8, 8), giveUp.Token);
        await FeedingStopsAsync(served);
        await client.PingAsync().Within();
        await giveUp.CancelAsync();
        await Assert.That(() => (Task)slow).Throws<OperationCanceledException>();
        await Assert.That(await served.NotificationAsync()).IsEqualTo("WATCHDOG=1");
        served.Terminate();
        Finished ended = await served.EndAsync();
        await Assert.That(ended.Errors).Contains("the watchdog is not fed any more");
    }

    [Test]
    public async Task A_watchdog_of_another_process_is_not_fed()
    {
        await using ServedProgram served = await ServedProgram.StartAsync(Demo, [.. Watched, ("WATCHDOG_PID", "1")]);
        await Assert.That(() => (Task)served.NotificationAsync(s_limit)).Throws<OperationCanceledException>();
    }

    /// <summary>Takes beats until none comes for one and a half times the limit, in which systemd would have ended the daemon.</summary>
    static async Task FeedingStopsAsync(ServedProgram served)
    {
        for (int beats = 0; beats < 40; beats++)
        {
            try
            {
                await Assert.That(await served.NotificationAsync(1.5 * s_limit)).IsEqualTo("WATCHDOG=1");
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        throw new SocketException((int)SocketError.TimedOut);
    }
}
