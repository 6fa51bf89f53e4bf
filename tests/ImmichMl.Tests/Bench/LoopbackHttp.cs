using System.Net;

namespace ImmichMl.Tests.Bench;

/// <summary>An HTTP server of a few lines that says whatever a test wants, byte for byte.</summary>
sealed class LoopbackHttp : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly Func<string, int, Task<byte[]>> _answer;
    readonly Task _accepting;
    int _requests;
    int _connections;

    /// <param name="answer">Of the request's head and the number of requests before it; one that says Connection: close closes.</param>
    public LoopbackHttp(Func<string, int, Task<byte[]>> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public int Connections => _connections;

    public int Requests => _requests;

    public static byte[] Ok(string body, string more = "") =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{more}\r\n{body}");

    async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync();
                Interlocked.Increment(ref _connections);
                _ = ServeAsync(socket);
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    async Task ServeAsync(Socket socket)
    {
        using Socket mine = socket;
        byte[] buffer = new byte[64 * 1024];
        var received = new List<byte>();
        try
        {
            while (true)
            {
                int count = await mine.ReceiveAsync(buffer);
                received.AddRange(buffer.AsSpan(0, count));
                string text = Encoding.Latin1.GetString([.. received]);
                int head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
                if (count == 0)
                {
                    return;
                }

                if (head < 0 || received.Count < head + 4 + Length(text[..head]))
                {
                    continue;
                }

                received.RemoveRange(0, head + 4 + Length(text[..head]));
                byte[] answer = await _answer(text, Interlocked.Increment(ref _requests) - 1);
                await mine.SendAsync(answer);
                if (Encoding.Latin1.GetString(answer).Contains("Connection: close", StringComparison.Ordinal))
                {
                    return;
                }
            }
        }
        catch (SocketException)
        {
            // The other side has gone.
        }
    }

    static int Length(string head)
    {
        const string Name = "Content-Length: ";
        string line = head.Split("\r\n").Single(line => line.StartsWith(Name, StringComparison.Ordinal));
        return int.Parse(line[Name.Length..], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
    }
}
