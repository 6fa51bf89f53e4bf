namespace ImmichMl.Daemon;

/// <summary>What runs beside the requests for as long as the daemon does: a fault in it is told, and it begins again.</summary>
static class KeptRunning
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>Until it ends by itself or is told to stop. It never throws.</summary>
    public static async Task RunAsync(
        string part, Func<CancellationToken, Task> run, TimeProvider time, ILogger log, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await run(stopping);
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                log.PartFailed(part, Pause.TotalSeconds, e);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                log.FaultIn(part, e);
                return;
            }

            await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
