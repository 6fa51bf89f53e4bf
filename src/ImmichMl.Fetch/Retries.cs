using System.Net.Sockets;

namespace ImmichMl.Fetch;

/// <summary>The other side wants to be asked again, perhaps after a while.</summary>
sealed class RetryException(string message, TimeSpan? after = null) : Exception(message)
{
    public TimeSpan? After { get; } = after;
}

/// <summary>Tries again what may help: with doubling waits, or those that the hub names. Progress starts the count anew.</summary>
static class Retries
{
    const int MaxInVain = 6;
    const int MaxOffline = 3;
    const int MaxTries = 200;
    static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(500);
    static readonly TimeSpan s_longest = TimeSpan.FromSeconds(120);

    /// <param name="attempt">One try.</param>
    /// <param name="progress">Bytes. A try whose bytes came at a trickle was in vain.</param>
    /// <param name="cancellation">Ends the waits as well.</param>
    public static async Task<T> RunAsync<T>(Func<Task<T>> attempt, Func<long> progress, CancellationToken cancellation)
    {
        int inVain = 0;
        for (int tries = 1; ; tries++)
        {
            (long before, long since) = (progress(), TimeProvider.System.GetTimestamp());
            TimeSpan? after = null;
            try
            {
                return await attempt();
            }
            catch (Exception e) when (IsPassing(e) && !cancellation.IsCancellationRequested)
            {
                double least = TimeProvider.System.GetElapsedTime(since).TotalSeconds * HubClient.LeastSpeed;
                inVain = progress() - before > least ? 1 : inVain + 1;
                bool isOffline = e is HttpRequestException
                {
                    HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                        or HttpRequestError.ProxyTunnelError,
                };
                if (isOffline && inVain >= MaxOffline)
                {
                    throw new FetchException(
                        FetchFault.Operator, $"The hub cannot be reached; this machine seems to be offline: {e.Message}", e);
                }

                if (inVain >= MaxInVain || tries >= MaxTries)
                {
                    throw new FetchException(FetchFault.Network, $"Given up after {tries} tries: {Cause(e)}", e);
                }

                after = (e as RetryException)?.After;
            }

            TimeSpan wait = after ?? s_first * (1 << (inVain - 1));
            await Task.Delay(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > s_longest ? s_longest : wait, TimeProvider.System, cancellation);
        }
    }

    /// <summary>A full disk is an IOException too, and does not pass; those of the network hold a socket's or HTTP's.</summary>
    static bool IsPassing(Exception fault) =>
        fault is RetryException or HttpRequestException or HttpIOException or OperationCanceledException
        || fault is IOException { InnerException: SocketException or HttpRequestException };

    static string Cause(Exception fault) => fault is OperationCanceledException ? "no answer in time" : fault.Message;
}
