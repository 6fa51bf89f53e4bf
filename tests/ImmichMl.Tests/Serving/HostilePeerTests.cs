using ImmichMl.Tests.Protocol;

namespace ImmichMl.Tests.Serving;

public sealed class HostilePeerTests
{
    /// <summary>One daemon for each limit that the index asks for.</summary>
    static readonly Dictionary<int, RunningDaemon> s_daemons = [];

    [Before(Class)]
    public static async Task Start()
    {
        foreach (int limit in HostileFrame.All().Select(hostile => hostile.MaxFrameBytes).Distinct())
        {
            s_daemons[limit] = await RunningDaemon.StartAsync(null, ("MACHINE_LEARNING_MAX_FRAME_BYTES", $"{limit}"));
        }
    }

    [After(Class)]
    public static async Task Stop()
    {
        foreach (RunningDaemon daemon in s_daemons.Values)
        {
            await daemon.DisposeAsync();
        }
    }

    [Test]
    [MethodDataSource(typeof(HostileFrame), nameof(HostileFrame.All))]
    public async Task A_hostile_peer_gets_one_answer_and_disturbs_nobody(HostileFrame hostile)
    {
        RunningDaemon daemon = s_daemons[hostile.MaxFrameBytes];
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(hostile.Read());
        if (hostile.HangUp)
        {
            peer.FinishSending();
        }

        if (hostile.Code is not null)
        {
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo($"{hostile.Id} {hostile.Code}");
        }

        if (!hostile.Closes)
        {
            await peer.SendAsync(Ask.Ping(4711));
        }

        await Assert.That(await peer.OutcomeAsync()).IsEqualTo(hostile.Closes ? "closed" : "4711 ok");
        await daemon.Client.PingAsync();
    }
}
