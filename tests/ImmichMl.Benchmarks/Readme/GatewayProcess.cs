using System.Net;

namespace ImmichMl.Benchmarks.Readme;

/// <summary>A published gateway in front of a daemon, and one connection to it that stays.</summary>
sealed class GatewayProcess : IDisposable
{
    readonly Process _process;
    readonly Socket _connection;

    GatewayProcess(Process process, Socket connection) => (_process, _connection) = (process, connection);

    public ProcessStatus Status => new(_process.Id);

    public static async Task<GatewayProcess> StartAsync(string binary, DaemonProcess daemon)
    {
        int port = FreePort();
        var start = new ProcessStartInfo(binary);
        DaemonProcess.Clean(start);
        start.Environment["IMMICH_ML_SOCKET"] = daemon.SocketPath;
        start.Environment["IMMICH_HOST"] = "127.0.0.1";
        start.Environment["IMMICH_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        start.Environment["IMMICH_LOG_LEVEL"] = "error";

        // Immich 3.3's HTTP has no request that asks for the size alone.
        start.Environment["MACHINE_LEARNING_RULES"] = "2.7";
        Process process = Process.Start(start)!;
        for (long since = Stopwatch.GetTimestamp(); ;)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return new GatewayProcess(process, socket);
            }
            catch (SocketException) when (!process.HasExited && Stopwatch.GetElapsedTime(since).TotalSeconds < 30)
            {
                socket.Dispose();
                await Task.Delay(10);
            }
        }
    }

    /// <summary>A request that asks for an image's size alone.</summary>
    public static byte[] Post(byte[] image)
    {
        byte[] before = Encoding.ASCII.GetBytes("--b\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n{}\r\n--b\r\n"
            + "Content-Disposition: form-data; name=\"image\"; filename=\"blob\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        byte[] after = "\r\n--b--\r\n"u8.ToArray();
        int length = before.Length + image.Length + after.Length;
        byte[] head = Encoding.ASCII.GetBytes(
            $"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n");
        return [.. head, .. before, .. image, .. after];
    }

    /// <summary>The answer is small and comes in one piece.</summary>
    public async Task AskAsync(byte[] request)
    {
        for (int sent = 0; sent < request.Length;)
        {
            sent += await _connection.SendAsync(request.AsMemory(sent));
        }

        byte[] answer = new byte[4096];
        string text = Encoding.ASCII.GetString(answer, 0, await _connection.ReceiveAsync(answer));
        if (!text.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) || !text.Contains("\"imageHeight\":8", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"the gateway answered {text.Split('\r')[0]}");
        }
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        _connection.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
