using System.Buffers;

namespace ImmichMl.Bench;

/// <summary>A server to measure: a Unix socket's path, or a URL.</summary>
public sealed class BenchTarget
{
    readonly Func<int, BenchConnections> _connect;

    BenchTarget(string name, Func<int, BenchConnections> connect, MlClientOptions? statistics) =>
        (Name, _connect, Statistics) = (name, connect, statistics);

    public string Name { get; }

    /// <summary>The server's process on this machine, where somebody named it.</summary>
    public int? Process { get; set; }

    /// <summary>How to ask it for its statistics; null for what speaks HTTP.</summary>
    internal MlClientOptions? Statistics { get; }

    /// <exception cref="FormatException">It is neither, or a header is none.</exception>
    public static BenchTarget Read(string text, IReadOnlyList<string> headers, TimeSpan timeout)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
        {
            return OfSocket(new MlClientOptions { SocketPath = text, RequestTimeout = timeout });
        }

        Uri url = HttpConnections.ReadUrl(text);
        return new BenchTarget(url.GetLeftPart(UriPartial.Authority), most => new HttpConnections(url, headers, timeout, most), null);
    }

    public static BenchTarget OfSocket(MlClientOptions options) =>
        new(options.SocketPath, most => new SocketConnections(options, most), options);

    /// <param name="most">So many connections at most; each is made at its first request.</param>
    internal BenchConnections Connect(int most) => _connect(most);
}

/// <summary>A load's way to its server: so many slots, each of which asks one thing at a time on a connection of its own.</summary>
abstract class BenchConnections : IAsyncDisposable
{
    /// <returns>Where the server says its time went; null where it does not say.</returns>
    /// <exception cref="Exception">It failed; <see cref="FaultCode"/> names every way in which it can.</exception>
    public abstract Task<Timings?> AskAsync(int slot, Call call, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}

/// <summary>Over the daemon's Unix socket, by the client library.</summary>
sealed class SocketConnections(MlClientOptions options, int most) : BenchConnections
{
    readonly MlClient?[] _clients = new MlClient?[most];

    public override async Task<Timings?> AskAsync(int slot, Call call, CancellationToken cancellation)
    {
        MlClient client = _clients[slot] ??= new MlClient(options);
        var image = call.Image is { } bytes ? new ReadOnlySequence<byte>(bytes) : (ReadOnlySequence<byte>?)null;
        PredictResult result = await client.PredictAsync(
            new PredictRequest { Id = 0, Tasks = call.Endpoint.Tasks, Image = image, Text = call.Text }, cancellation);
        bool answered = call.Endpoint.Tasks[0].Task switch
        {
            "clip" => result.Clip is { Length: > 0 },
            "ocr" => result.Ocr is not null,
            _ => result.Faces is not null,
        };
        return answered ? result.Timings : throw BadAnswerException.Without(call);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (MlClient client in _clients.OfType<MlClient>())
        {
            await client.DisposeAsync();
        }
    }
}

/// <summary>The server answered, and not with what was asked for.</summary>
sealed class BadAnswerException(string code, string message) : Exception(message)
{
    public string Code => code;

    public static BadAnswerException Without(Call call) => new("unexpected_answer", $"The answer holds no {call.Endpoint.Tasks[0].Task}.");
}
