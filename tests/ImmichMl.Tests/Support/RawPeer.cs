namespace ImmichMl.Tests.Support;

/// <summary>A peer that sends whatever bytes a test wants and reads answers frame by frame.</summary>
sealed class RawPeer : IDisposable
{
    readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    byte[] _received = [];

    public static async Task<RawPeer> ConnectAsync(string path)
    {
        var peer = new RawPeer();
        await peer._socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        return peer;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    public async Task SendAsync(Request request)
    {
        using FrameWriter frame = FrameWriter.Encode(request);
        await SendAsync(frame.Head);
        await SendAsync(frame.Tail.ToArray());
    }

    /// <summary>The next answer; null when the daemon has closed the connection.</summary>
    /// <param name="readResult">Reads a result; null where the test looks at errors and ids alone.</param>
    /// <param name="seconds">How long to wait before the test fails.</param>
    public async Task<Response?> ReceiveAsync(ResultReader? readResult = null, double seconds = 10)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            var arrived = new ReadOnlySequence<byte>(_received);
            if (FrameReader.TryRead(ref arrived, FrameReader.DefaultMaxFrameBytes, out ReadOnlySequence<byte> payload))
            {
                Response response = Response.Read(payload, _ => readResult);
                _received = arrived.ToArray();
                return response;
            }

            int count = await _socket.ReceiveAsync(buffer, patience.Token);
            if (count == 0)
            {
                return null;
            }

            _received = [.. _received, .. buffer.AsSpan(0, count)];
        }
    }

    /// <summary>Sends no more; answers may still come.</summary>
    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose() => _socket.Dispose();
}
