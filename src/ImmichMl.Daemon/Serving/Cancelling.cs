using Microsoft.Extensions.Logging;

namespace ImmichMl.Daemon.Serving;

/// <summary>Cancels without becoming part of what goes wrong in those who are told: they run inside of the call.</summary>
static class Cancelling
{
    public static void Cancel(CancellationTokenSource source, ILogger log)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // What it was for has ended in this very moment.
        }
        catch (AggregateException e)
        {
            log.FaultIn("What was to be cancelled", e);
        }
    }
}
