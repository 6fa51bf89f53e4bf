using System.Net.Sockets;
using System.Text;

namespace ImmichMl.Bench;

/// <summary>What HTTP said.</summary>
readonly record struct HttpAnswer(int Status, byte[] Body, string? ServerTiming, bool Closes);

/// <summary>The server's bytes are no HTTP, or too many.</summary>
sealed class NoHttpException(string message) : IOException(message);

/// <summary>
/// A connection that speaks HTTP/1.1: a request out, its answer in, one at a time. HttpClient would make the program a fifth larger
/// (3.0 MB, most of it for TLS, HTTP/2 and redirects), which a load test has no use for.
/// </summary>
sealed class HttpConnection : IDisposable
{
    const int MaxLine = 64 * 1024, MaxLines = 256;
    const int MaxBody = 128 * 1024 * 1024;

    readonly Socket _socket;
    readonly NetworkStream _stream;
    readonly BufferedStream _answers;

    HttpConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _answers = new BufferedStream(_stream, 16 * 1024);
    }

    /// <summary>Nothing is to be read from an idle connection but its end, which is no failure of a request.</summary>
    public bool HasEnded => _socket.Poll(0, SelectMode.SelectRead);

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public static async Task<HttpConnection> OpenAsync(Uri url, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(url.DnsSafeHost, url.Port, cancellation);
            return new HttpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">The connection broke, or what came back is no HTTP.</exception>
    public async Task<HttpAnswer> AskAsync(IEnumerable<ReadOnlyMemory<byte>> request, CancellationToken cancellation)
    {
        foreach (ReadOnlyMemory<byte> part in request)
        {
            await _stream.WriteAsync(part, cancellation);
        }

        (int status, Dictionary<string, string> head) = await ReadHeadAsync(cancellation);
        while (status is >= 100 and < 200)
        {
            (status, head) = await ReadHeadAsync(cancellation);
        }

        bool isChunked = Has(head, "Transfer-Encoding", "chunked");
        bool isCounted = head.TryGetValue("Content-Length", out string? counted);
        byte[] body = status is 204 or 304 ? []
            : isChunked ? await ReadChunksAsync(cancellation)
            : isCounted ? await ReadAsync(LengthOf(counted!, NumberStyles.None, MaxBody), cancellation)
            : await ReadToEndAsync(cancellation);
        bool closes = Has(head, "Connection", "close") || (!isChunked && !isCounted && status is not (204 or 304));
        return new HttpAnswer(status, body, head.GetValueOrDefault("Server-Timing"), closes);
    }

    static bool Has(Dictionary<string, string> head, string name, string token) =>
        head.TryGetValue(name, out string? value) && value.Contains(token, StringComparison.OrdinalIgnoreCase);

    async Task<(int Status, Dictionary<string, string> Head)> ReadHeadAsync(CancellationToken cancellation)
    {
        string[] first = (await ReadLineAsync(cancellation)).Split(' ', 3);
        if (first.Length < 2 || !first[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new NoHttpException("What came back is not HTTP.");
        }

        var head = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (first[0] == "HTTP/1.0")
        {
            head["Connection"] = "close";
        }

        for (int lines = 0; await ReadLineAsync(cancellation) is { Length: > 0 } line; lines++)
        {
            if (lines == MaxLines)
            {
                throw new NoHttpException($"The answer's head has over {MaxLines} lines.");
            }

            string[] parts = line.Split(':', 2);
            head[parts[0]] = parts[^1].Trim();
        }

        return (status, head);
    }

    async Task<byte[]> ReadChunksAsync(CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        while (true)
        {
            string size = (await ReadLineAsync(cancellation)).Split(';')[0].Trim();
            int length = LengthOf(size, NumberStyles.AllowHexSpecifier, MaxBody - (int)body.Length);
            if (length > 0)
            {
                body.Write(await ReadAsync(length, cancellation));
            }

            // Behind a chunk its line break; behind the last one fields that nobody asked for, and an empty line.
            while ((await ReadLineAsync(cancellation)).Length > 0 && length == 0)
            {
            }

            if (length == 0)
            {
                return body.ToArray();
            }
        }
    }

    static int LengthOf(string text, NumberStyles style, int most) =>
        int.TryParse(text, style, CultureInfo.InvariantCulture, out int length) && length >= 0 && length <= most
            ? length
            : throw new NoHttpException("A length in the answer is no number, or too large.");

    async Task<byte[]> ReadAsync(int length, CancellationToken cancellation)
    {
        // Grown as bytes come, so that a claimed length alone costs nothing.
        using var body = new MemoryStream();
        byte[] piece = new byte[Math.Min(length, 64 * 1024)];
        while (body.Length < length)
        {
            int count = await ReadSomeAsync(piece.AsMemory(0, (int)Math.Min(piece.Length, length - body.Length)), cancellation);
            body.Write(piece, 0, count > 0 ? count : throw new IOException("The server hung up in the middle of an answer."));
        }

        return body.ToArray();
    }

    async Task<byte[]> ReadToEndAsync(CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        byte[] piece = new byte[64 * 1024];
        while (await ReadSomeAsync(piece, cancellation) is > 0 and var count)
        {
            body.Write(piece, 0, body.Length + count <= MaxBody ? count : throw new NoHttpException("The answer is too long."));
        }

        return body.ToArray();
    }

    async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (true)
        {
            if (await ReadSomeAsync(one, cancellation) == 0)
            {
                throw new IOException("The server hung up before it answered.");
            }

            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            _ = line.Length < MaxLine ? line.Append((char)one[0]) : throw new NoHttpException("A line of the answer's head is over 64 kB.");
        }
    }

    async ValueTask<int> ReadSomeAsync(Memory<byte> to, CancellationToken cancellation)
    {
        try
        {
            return await _answers.ReadAsync(to, cancellation);
        }
        catch (SocketException e)
        {
            throw new IOException($"The connection broke: {e.Message}", e);
        }
    }

    public void Dispose() => _answers.Dispose();
}
