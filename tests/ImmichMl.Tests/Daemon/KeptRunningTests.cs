namespace ImmichMl.Tests.Daemon;

public sealed class KeptRunningTests
{
    [Test]
    public async Task A_part_that_fails_is_told_and_begins_again()
    {
        var (clock, log, runs) = (new ManualClock(), new CollectedLog(), 0);
        using var stop = new CancellationTokenSource();
        Task part = KeptRunning.RunAsync(
            "Tidying", _ => ++runs < 3 ? throw new NotSupportedException("unheard of") : Task.CompletedTask, clock, log, stop.Token);
        for (int again = 1; again < 3; again++)
        {
            await Assert.That((runs, part.IsCompleted)).IsEqualTo((again, false));
            clock.Pass(KeptRunning.Pause);
            await Patience.UntilAsync(() => runs > again);
        }

        await part.Within();
        await Assert.That(log.Lines.Count(line => line.StartsWith("Error: Tidying failed and is started again")
            && line.EndsWith("unheard of"))).IsEqualTo(2);
    }

    [Test]
    public async Task A_part_that_is_told_to_stop_ends_whatever_it_throws()
    {
        using var stop = new CancellationTokenSource();
        Task[] parts =
        [
            .. ((Exception[])[new OperationCanceledException(), new NotSupportedException()]).Select(
                fault => KeptRunning.RunAsync("Tidying", async stopping =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw fault;
            }, TimeProvider.System, new CollectedLog(), stop.Token)),
        ];
        await stop.CancelAsync();
        await Task.WhenAll(parts).Within();
    }
}
