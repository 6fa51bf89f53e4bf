using Microsoft.Extensions.DependencyInjection;

namespace ImmichMl.Tests.Serving;

/// <summary>What nobody has thought of costs one request or one peer, and never leaves half of anything alive.</summary>
public sealed class BackstopTests
{
    [Test]
    public async Task A_callback_that_throws_keeps_no_other_request_from_being_cancelled()
    {
        var log = new CollectedLog();
        var open = new OpenRequests(8, log);
        open.TryOpen(1, lasts: true, out CancellationToken first);
        open.TryOpen(2, lasts: true, out CancellationToken second);
        using CancellationTokenRegistration bad = first.Register(() => throw new NotSupportedException("unheard of"));
        await Assert.That(open.TryCancel(1)).IsTrue();
        open.CancelAll();
        await Assert.That((first.IsCancellationRequested, second.IsCancellationRequested)).IsEqualTo((true, true));
        await Assert.That(log.Lines.Any(line => line.Contains("unheard of"))).IsTrue();
    }

    [Test]
    public async Task A_fault_while_a_peer_is_admitted_closes_that_peer_and_the_next_is_served()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        daemon.Log.FailsAt = "Connection 1 from";
        using RawPeer unlucky = await RawPeer.ConnectAsync(daemon.SocketPath);
        await Assert.That(await unlucky.OutcomeAsync()).IsEqualTo("closed");
        using RawPeer next = await RawPeer.ConnectAsync(daemon.SocketPath);
        await next.SendAsync(Ask.Ping(1));
        await Assert.That(await next.OutcomeAsync()).IsEqualTo("1 ok");
    }

    [Test]
    public async Task A_fault_around_an_answer_is_answered_internal_and_the_connection_goes_on()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);

        // Told of both the answer and its failure.
        foreach ((Request request, string operation) in ((Request, string)[])[(Ask.Ping(1), "ping"), (Ask.Predict(2), "predict")])
        {
            daemon.Log.FailsAt = $": {operation} ";
            await peer.SendAsync(request);
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo($"{request.Id} internal");
        }

        daemon.Log.FailsAt = null;
        await peer.SendAsync(Ask.Ping(1));
        await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        await daemon.StopAsync().Within();
        await Assert.That(daemon.Log.Lines.Any(line => line.Contains("still open"))).IsFalse();
    }

    [Test]
    public async Task A_fault_in_the_middle_of_stopping_is_told_and_what_runs_beside_requests_is_ended_all_the_same()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        daemon.Log.FailsAt = "requests are open";
        await daemon.StopAsync().Within();
        await Assert.That(daemon.Log.Lines.Any(line => line.StartsWith("Error: Stopping failed", StringComparison.Ordinal))).IsTrue();
        await Assert.That(daemon.Services.GetRequiredService<SessionCache>().Snapshot()).IsEmpty();
    }

    [Test]
    public async Task A_fault_at_a_connections_end_is_told_and_counts_it_as_ended()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        daemon.Log.FailsAt = "Connection 1 has ended";
        using (RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath))
        {
            await peer.SendAsync(Ask.Ping(1));
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo("1 ok");
        }

        await daemon.Log.WaitAsync("Connection 1 ended by a fault of ours");
    }
}
