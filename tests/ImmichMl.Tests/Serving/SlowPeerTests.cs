namespace ImmichMl.Tests.Serving;

public sealed class SlowPeerTests
{
    static readonly byte[] s_halfAFrame = [0, 0, 0, 14, 0x83, 0xA1, (byte)'v'];

    [Test]
    public async Task A_peer_that_never_reads_is_given_up_and_others_are_served()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_STALL_TIMEOUT", "0.5"));
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        Task<SocketException?> flood = FloodAsync(peer);
        await daemon.Client.PingAsync();
        await daemon.Log.WaitAsync("has ended", "its answers stayed unread for 0.5 s");
        await Assert.That(await flood.WaitAsync(TimeSpan.FromSeconds(30))).IsNotNull();
        await daemon.Client.PingAsync();
    }

    static async Task<SocketException?> FloodAsync(RawPeer peer)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await peer.SendAsync(Ask.Ping(1));
            }
        }
        catch (SocketException closed)
        {
            return closed;
        }
    }

    [Test]
    public async Task A_frame_that_stands_still_is_given_up_and_an_idle_connection_is_not()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_STALL_TIMEOUT", "0.5"));
        using RawPeer idle = await RawPeer.ConnectAsync(daemon.SocketPath);
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(s_halfAFrame);
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("closed");
        await daemon.Log.WaitAsync("has ended: A frame stood still for 0.5 s.");
        await idle.SendAsync(Ask.Ping(1));
        await Assert.That(await idle.OutcomeAsync()).IsEqualTo("1 ok");
    }

    [Test]
    public async Task A_frame_that_trickles_on_for_ever_is_given_up()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_FRAME_TIMEOUT", "0.5"));
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(new byte[] { 0, 1, 0, 0 });
        Task<string> ended = daemon.Log.WaitAsync("has ended: A frame was not whole after 0.");
        while (!ended.IsCompleted)
        {
            try
            {
                await peer.SendAsync(new byte[1]);
            }
            catch (SocketException)
            {
                // The daemon has closed already.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        await ended;
    }

    [Test]
    public async Task Frames_beyond_the_budget_of_all_peers_wait_and_are_all_answered()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT", "1048576"));
        string[] outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
            await peer.SendAsync(Ask.Predict(1, image: new byte[(i + 1) * 400_000]));
            await peer.SendAsync(Ask.Predict(2, image: new byte[(8 - i) * 400_000]));
            return await peer.OutcomesAsync(2);
        })).WaitAsync(TimeSpan.FromSeconds(60));
        await Assert.That(outcomes.Distinct().Single()).IsEqualTo("1 image_unsupported, 2 image_unsupported");
    }

    [Test]
    public async Task Frames_that_stand_still_are_given_up_where_others_wait_for_their_memory()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_FRAME_BYTES_IN_FLIGHT", "1048576"));
        using RawPeer first = await RawPeer.ConnectAsync(daemon.SocketPath);
        using RawPeer second = await RawPeer.ConnectAsync(daemon.SocketPath);
        using RawPeer third = await RawPeer.ConnectAsync(daemon.SocketPath);
        byte[] announced = [0, 0x30, 0, 0];

        // One holds most of the budget, the next goes past it, and both stop.
        await first.SendAsync((byte[])[.. announced, .. new byte[900_000]]);
        await second.SendAsync((byte[])[.. announced, .. new byte[900_000]]);
        await third.SendAsync(Ask.Ping(1));
        await Assert.That(await third.OutcomeAsync()).IsEqualTo("1 ok").Because("small frames do not count");
        await third.SendAsync(Ask.Predict(2, image: new byte[900_000]));
        await Assert.That(await third.OutcomeAsync()).IsEqualTo("2 image_unsupported");
        await daemon.Log.WaitAsync("has ended: A frame stood still for");
    }

    [Test]
    public async Task A_connection_too_many_is_closed_as_it_comes()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_MAX_CONNECTIONS", "2"));
        using RawPeer first = await RawPeer.ConnectAsync(daemon.SocketPath);
        RawPeer second = await RawPeer.ConnectAsync(daemon.SocketPath);
        using RawPeer third = await RawPeer.ConnectAsync(daemon.SocketPath);
        await Assert.That(await third.OutcomeAsync()).IsEqualTo("closed");
        await first.SendAsync(Ask.Ping(1));
        await Assert.That(await first.OutcomeAsync()).IsEqualTo("1 ok");

        second.Dispose();
        await daemon.Log.WaitAsync("Connection 2 has ended");
        string outcome = "closed";
        for (int attempt = 0; attempt < 100 && outcome == "closed"; attempt++)
        {
            outcome = await PingOnceAsync(daemon.SocketPath);
        }

        await Assert.That(outcome).IsEqualTo("1 ok").Because("there is room again");
    }

    static async Task<string> PingOnceAsync(string path)
    {
        using RawPeer peer = await RawPeer.ConnectAsync(path);
        try
        {
            await peer.SendAsync(Ask.Ping(1));
            return await peer.OutcomeAsync();
        }
        catch (SocketException)
        {
            return "closed";
        }
    }
}
