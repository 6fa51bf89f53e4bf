using System.Net;

namespace ImmichMl.Tests.Gateway;

/// <summary>What came to a stand-in.</summary>
sealed record UpstreamRequest(string Method, string Path, string Head, byte[] Body);

/// <summary>
/// An Immich-compatible service that does what a test wants, byte by byte. /ping and /ready are answered unless the test says otherwise.
/// </summary>
sealed class StandInUpstream : IAsyncDisposable
{
    public const string Clip = """{"clip":"[0.25,-1.5e-3]","imageHeight":2,"imageWidth":3}""";

    readonly Func<Socket, UpstreamRequest, Task> _answer;
    readonly List<UpstreamRequest> _predictions = [];
    readonly List<Task> _serving = [];
    readonly CancellationTokenSource _end = new();
    Socket? _listening;
    Task _accepting = Task.CompletedTask;

    /// <param name="answer">To what is no ping.</param>
    /// <param name="isUp">False: nobody listens until <see cref="Start"/>.</param>
    public StandInUpstream(Func<Socket, UpstreamRequest, Task> answer, bool isUp = true)
    {
        _answer = answer;
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        probe.Dispose();
        if (isUp)
        {
            Start();
        }
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>What it says to /ready.</summary>
    public string Ready { get; set; } = Http(404, """{"detail":"Not Found"}""");

    public IReadOnlyList<UpstreamRequest> Predictions
    {
        get
        {
            lock (_predictions)
            {
                return [.. _predictions];
            }
        }
    }

    public static StandInUpstream Saying(string bytes) => new((socket, _) => SendAsync(socket, bytes));

    public static StandInUpstream Answering(string json) => Saying(Http(200, json));

    public static string Http(int status, string body, string headers = "") =>
        $"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
        + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}";

    public static async Task SendAsync(Socket socket, string bytes) => await socket.SendAsync(Encoding.UTF8.GetBytes(bytes));

    public void Start()
    {
        _listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listening.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listening.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        _listening.Listen();
        _accepting = AcceptAsync(_listening);
    }

    async Task AcceptAsync(Socket listening)
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                // Held on to: one that waits for ever would be collected, and its socket closed.
                _serving.Add(ServeAsync(await listening.AcceptAsync(_end.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <summary>One request a connection.</summary>
    async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                UpstreamRequest request = await ReadAsync(socket);
                string path = request.Path[(request.Path.LastIndexOf('/') + 1)..];
                if (path is "ping" or "ready")
                {
                    await SendAsync(socket, path == "ping" ? Http(200, "pong") : Ready);
                }
                else
                {
                    lock (_predictions)
                    {
                        _predictions.Add(request);
                    }

                    await _answer(socket, request);
                }

                socket.Shutdown(SocketShutdown.Send);
                await socket.ReceiveAsync(new byte[16], _end.Token);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The gateway has given up, or the test is over.
            }
        }
    }

    async Task<UpstreamRequest> ReadAsync(Socket socket)
    {
        using var received = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            string text = Encoding.Latin1.GetString(received.ToArray());
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end > 0)
            {
                string head = text[..end];
                string? length = head.Split("\r\n").FirstOrDefault(
                    line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
                int wanted = length is null ? 0 : int.Parse(length.Split(':')[1].Trim(), CultureInfo.InvariantCulture);
                if (received.Length >= end + 4 + wanted)
                {
                    string[] first = head.Split(' ', 3);
                    return new UpstreamRequest(first[0], first[1], head, received.ToArray()[(end + 4)..]);
                }
            }

            int read = await socket.ReceiveAsync(buffer, _end.Token);
            received.Write(buffer, 0, read > 0 ? read : throw new IOException());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listening?.Dispose();
        await _accepting;
        _end.Dispose();
    }
}
