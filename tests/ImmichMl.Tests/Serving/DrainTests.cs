namespace ImmichMl.Tests.Serving;

[NotInParallel("slow model")]
public sealed class DrainTests
{
    [Test]
    public async Task What_is_open_is_answered_and_what_is_new_is_refused()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Short, ("MACHINE_LEARNING_DRAIN_TIMEOUT", "60"));
        using RawPeer peer = await slow.ConnectAsync();
        using RawPeer other = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1);
        Task stopping = slow.Daemon.StopAsync();
        await slow.Daemon.Log.WaitAsync("Stopping: 1 requests are open");
        await Assert.That(File.Exists(slow.Daemon.SocketPath)).IsFalse();
        await Assert.That(async () => await slow.ConnectAsync()).Throws<SocketException>();

        await other.SendAsync(Ask.Ping(3));
        await Assert.That(await other.OutcomeAsync()).IsEqualTo("3 ok");
        await peer.SendAsync(Ask.Predict(2, SlowModel.Name));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("2 shutting_down");
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("closed");
        await Assert.That(await other.OutcomeAsync()).IsEqualTo("closed");
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Test]
    public async Task What_outlasts_the_drain_timeout_is_cancelled()
    {
        await using SlowDaemon slow = await SlowDaemon.StartAsync(SlowDaemon.Endless, ("MACHINE_LEARNING_DRAIN_TIMEOUT", "0.1"));
        using RawPeer peer = await slow.ConnectAsync();
        await SlowDaemon.OccupyAsync(peer, 1, 2);
        Task stopping = slow.Daemon.StopAsync();
        await Assert.That(await peer.OutcomesAsync(3)).IsEqualTo("1 cancelled, 2 cancelled, closed");
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        await slow.Daemon.Log.WaitAsync("2 requests were still open after 0.1 s and were cancelled");
    }

    [Test]
    public async Task A_daemon_with_nothing_to_do_stops_at_once_and_starts_again_at_the_same_place()
    {
        string folder = Directory.CreateTempSubdirectory("immich-ml-test-").FullName;
        string path = Path.Combine(folder, "again.sock");
        for (int i = 0; i < 3; i++)
        {
            await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("IMMICH_ML_SOCKET", path));
            using RawPeer peer = await RawPeer.ConnectAsync(path);
            await peer.SendAsync(Ask.Ping(1));
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        }

        await Assert.That(Directory.GetFileSystemEntries(folder)).IsEmpty();
        Directory.Delete(folder);
    }
}
