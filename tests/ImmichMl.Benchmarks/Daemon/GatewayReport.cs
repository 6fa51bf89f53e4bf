using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ImmichMl.Client;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>What HTTP costs on top of the socket: the same 1 MB image both ways, in turns, over connections that stay.</summary>
static class GatewayReport
{
    const int Port = 33_033;
    const int Warm = 200;
    const int Requests = 1500;

    public static async Task RunAsync(string daemonBinary, string gatewayBinary)
    {
        Row("size of the gateway", $"{new FileInfo(gatewayBinary).Length:N0} bytes");
        using DaemonProcess daemon = await DaemonProcess.StartAsync(daemonBinary, null);
        var start = new ProcessStartInfo(gatewayBinary);
        start.Environment["IMMICH_ML_SOCKET"] = daemon.SocketPath;
        start.Environment["IMMICH_HOST"] = "127.0.0.1";
        start.Environment["IMMICH_PORT"] = Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["IMMICH_LOG_LEVEL"] = "error";
        using Process gateway = Process.Start(start)!;
        try
        {
            using Socket http = await ConnectAsync();
            Row("RSS idle", $"gateway {Resident(gateway):N0} kB, daemon {daemon.Status("VmRSS"):N0} kB");
            await CompareAsync(daemon, http);
            Row("RSS after that", $"gateway {Resident(gateway):N0} kB, daemon {daemon.Status("VmRSS"):N0} kB");
        }
        finally
        {
            gateway.Kill();
            await gateway.WaitForExitAsync();
        }
    }

    static async Task CompareAsync(DaemonProcess daemon, Socket http)
    {
        byte[] image = DaemonReport.Picture(1_000_000);
        byte[] request = Post(image);
        await using var client = new MlClient(new MlClientOptions { SocketPath = daemon.SocketPath });
        var direct = new List<double>();
        var through = new List<double>();
        for (int i = 0; i < Warm + Requests; i++)
        {
            direct.Add(await TimeAsync(() => client.PredictAsync(Storm.Request(image, null))));
            through.Add(await TimeAsync(() => AskAsync(http, request)));
        }

        var (socket, gateway) = (new Figures(direct.Skip(Warm)), new Figures(through.Skip(Warm)));
        Row("1 MB image, empty tasks, over the socket", socket.ToString());
        Row("the same over HTTP", gateway.ToString());
        Row("added at p50", string.Create(CultureInfo.InvariantCulture, $"{gateway.At(0.5) - socket.At(0.5):0.000} ms"));
    }

    static async Task<double> TimeAsync(Func<Task> call)
    {
        long since = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(since).TotalMilliseconds;
    }

    static async Task<Socket> ConnectAsync()
    {
        for (int tries = 0; ; tries++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync("127.0.0.1", Port);
                return socket;
            }
            catch (SocketException) when (tries < 500)
            {
                socket.Dispose();
                await Task.Delay(10);
            }
        }
    }

    static byte[] Post(byte[] image)
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
    static async Task AskAsync(Socket http, byte[] request)
    {
        for (int sent = 0; sent < request.Length;)
        {
            sent += await http.SendAsync(request.AsMemory(sent));
        }

        byte[] answer = new byte[4096];
        int read = await http.ReceiveAsync(answer);
        if (!Encoding.ASCII.GetString(answer, 0, read).EndsWith("""{"imageHeight":8,"imageWidth":8}""", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(Encoding.ASCII.GetString(answer, 0, read));
        }
    }

    static long Resident(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1024;
    }

    static void Row(string what, string figure) => Console.WriteLine($"| {what} | {figure} |");
}
