using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ImmichMl.Bench;

/// <summary>What HTTP said. The body is good until the next answer is read.</summary>
readonly record struct HttpAnswer(int Status, ReadOnlyMemory<byte> Body, string? ServerTiming, bool Closes);

/// <summary>The server's bytes are no HTTP, or too many.</summary>
sealed class HttpProtocolException(string message) : IOException(message);

/// <summary>Cuts answers out of a connection: a length, chunks, or all until the end.</summary>
sealed class HttpReader(Socket socket)
{
    const int MaxHead = 64 * 1024;
    const int MaxBody = 128 * 1024 * 1024;

    byte[] _buffer = new byte[16 * 1024];
    int _start;
    int _end;

    /// <exception cref="IOException">The connection broke, or it is no HTTP.</exception>
    public async Task<HttpAnswer> ReadAsync(CancellationToken cancellation)
    {
        string[] head;
        int status;
        do
        {
            head = await ReadHeadAsync(cancellation);
            string[] first = head[0].Split(' ', 3);
            if (first.Length < 2 || !first[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
                || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out status))
            {
                throw new HttpProtocolException("What came back is not HTTP.");
            }
        }
        while (status is >= 100 and < 200);

        bool isOld = head[0].StartsWith("HTTP/1.0", StringComparison.Ordinal);
        string? connection = Header(head, "Connection");
        bool closes = Contains(connection, "close") || (isOld && !Contains(connection, "keep-alive"));
        (ReadOnlyMemory<byte> body, bool all) = await ReadBodyAsync(head, status, cancellation);
        return new HttpAnswer(status, body, Header(head, "Server-Timing"), closes || all);
    }

    /// <summary>The body, and whether it was all that came until the end.</summary>
    async Task<(ReadOnlyMemory<byte> Body, bool All)> ReadBodyAsync(string[] head, int status, CancellationToken cancellation)
    {
        if (status is 204 or 304)
        {
            return (default, false);
        }

        if (Contains(Header(head, "Transfer-Encoding"), "chunked"))
        {
            return (await ReadChunksAsync(cancellation), false);
        }

        if (Header(head, "Content-Length") is not { } given)
        {
            while (await FillAsync(MaxBody, cancellation))
            {
            }

            return (Take(_end - _start), true);
        }

        if (!int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > MaxBody)
        {
            throw new HttpProtocolException("The answer's length is no number, or over 128 MiB.");
        }

        await NeedAsync(length, cancellation);
        return (Take(length), false);
    }

    async Task<ReadOnlyMemory<byte>> ReadChunksAsync(CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        while (true)
        {
            string size = (await ReadLineAsync(cancellation)).Split(';')[0].Trim();
            if (!int.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int length) || length < 0
                || body.Length + length > MaxBody)
            {
                throw new HttpProtocolException("A chunk's length is no number, or too large.");
            }

            if (length == 0)
            {
                while ((await ReadLineAsync(cancellation)).Length > 0)
                {
                }

                return body.ToArray();
            }

            await NeedAsync(length + 2, cancellation);
            body.Write(Take(length + 2).Span[..length]);
        }
    }

    async Task<string[]> ReadHeadAsync(CancellationToken cancellation)
    {
        var lines = new List<string>();
        int length = 0;
        while (true)
        {
            string line = await ReadLineAsync(cancellation);
            if (line.Length == 0 && lines.Count > 0)
            {
                return [.. lines];
            }

            lines.Add(line);
            if ((length += line.Length) > MaxHead)
            {
                throw new HttpProtocolException("The answer's head is over 64 kB.");
            }
        }
    }

    async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n')) < 0)
        {
            if (!await FillAsync(MaxHead, cancellation))
            {
                throw new IOException("The server hung up before it answered.");
            }
        }

        return Encoding.Latin1.GetString(Take(length + 1).Span).TrimEnd('\r', '\n');
    }

    async Task NeedAsync(int count, CancellationToken cancellation)
    {
        while (_end - _start < count)
        {
            if (!await FillAsync(MaxBody + 2, cancellation))
            {
                throw new IOException("The server hung up in the middle of an answer.");
            }
        }
    }

    ReadOnlyMemory<byte> Take(int count)
    {
        ReadOnlyMemory<byte> taken = _buffer.AsMemory(_start, count);
        _start += count;
        return taken;
    }

    /// <summary>False at the end of the connection.</summary>
    async Task<bool> FillAsync(int most, CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_end >= most)
            {
                throw new HttpProtocolException("The answer is too long.");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            int count = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellation);
            _end += count;
            return count > 0;
        }
        catch (SocketException e)
        {
            throw new IOException($"The connection broke: {e.Message}", e);
        }
    }

    static string? Header(string[] head, string name) =>
        head.Skip(1).FirstOrDefault(line => line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?[(name.Length + 1)..].Trim();

    static bool Contains(string? value, string token) => value?.Contains(token, StringComparison.OrdinalIgnoreCase) == true;
}
