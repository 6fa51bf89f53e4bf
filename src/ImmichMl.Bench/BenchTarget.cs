using ImmichMl.Client;

namespace ImmichMl.Bench;

/// <summary>A server to measure: a Unix socket's path, or a URL.</summary>
sealed class BenchTarget
{
    readonly Func<BenchPeer> _open;

    BenchTarget(string name, Func<BenchPeer> open, MlClientOptions? statistics)
    {
        (Name, _open, Statistics) = (name, open, statistics);
    }

    public string Name { get; }

    /// <summary>The server's process on this machine, where somebody named it.</summary>
    public int? Process { get; set; }

    /// <summary>How to ask it for its statistics; null for what speaks HTTP.</summary>
    public MlClientOptions? Statistics { get; }

    /// <summary>A connection of its own for one user. It is made at the first request.</summary>
    public BenchPeer Open() => _open();

    /// <exception cref="FormatException">It is neither.</exception>
    public static BenchTarget Read(string text, IReadOnlyList<string> headers, TimeSpan timeout)
    {
        if (text.Contains("://", StringComparison.Ordinal))
        {
            HttpUrl url = HttpUrl.Read(text);
            return new BenchTarget(url.ToString(), () => new HttpPeer(url, headers, timeout), null);
        }

        return OfSocket(new MlClientOptions { SocketPath = text, RequestTimeout = timeout });
    }

    public static BenchTarget OfSocket(MlClientOptions options) => new(options.SocketPath, () => new SocketPeer(options), options);
}
