using ImmichMl.Protocol.Messages;

namespace ImmichMl.Bench;

/// <summary>One user's way to a server: a connection that asks one thing at a time.</summary>
abstract class BenchPeer : IAsyncDisposable
{
    /// <summary>Where the server says its time went; null where it does not say.</summary>
    /// <exception cref="Exception">It failed; <see cref="FaultCode"/> names every way in which it can.</exception>
    public abstract Task<Timings?> AskAsync(Call call, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The server answered, and not with what was asked for.</summary>
sealed class BadAnswerException(string code, string message) : Exception(message)
{
    public string Code => code;
}
