namespace ImmichMl.Tests.Client;

/// <summary>A server that answers whatever a test wants. Each connection is served once and then closed.</summary>
sealed class FakeServer : IAsyncDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("immich-ml-test-");
    readonly Socket _listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    readonly Task _accepting;

    public FakeServer(Func<Socket, Task> serve)
    {
        _listening.Bind(new UnixDomainSocketEndPoint(Path));
        _listening.Listen();
        _accepting = AcceptAsync(serve);
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "fake.sock");

    public int Accepted { get; private set; }

    /// <summary>Waits for one request of a few bytes, then sends these and closes.</summary>
    public static FakeServer Answering(byte[] bytes) => new(async socket =>
    {
        await ReceiveAsync(socket, 1);
        await socket.SendAsync(bytes);
    });

    /// <summary>So many small requests.</summary>
    public static async Task<Request[]> ReceiveAsync(Socket socket, int count)
    {
        var requests = new List<Request>();
        byte[] received = [];
        byte[] buffer = new byte[4096];
        while (requests.Count < count)
        {
            int more = await socket.ReceiveAsync(buffer);
            received = more > 0 ? [.. received, .. buffer.AsSpan(0, more)] : throw new EndOfStreamException();
            var arrived = new ReadOnlySequence<byte>(received);
            while (FrameReader.TryRead(ref arrived, FrameReader.DefaultMaxFrameBytes, out ReadOnlySequence<byte> payload))
            {
                requests.Add(Request.Read(payload));
            }

            received = arrived.ToArray();
        }

        return [.. requests];
    }

    public static byte[] Encode(Response response)
    {
        using FrameWriter frame = FrameWriter.Encode(response);
        return frame.Head.ToArray();
    }

    async Task AcceptAsync(Func<Socket, Task> serve)
    {
        try
        {
            while (true)
            {
                using Socket socket = await _listening.AcceptAsync();
                Accepted++;
                await serve(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            // The test is over, or its client has gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listening.Dispose();
        await _accepting;
        _folder.Delete(recursive: true);
    }
}
