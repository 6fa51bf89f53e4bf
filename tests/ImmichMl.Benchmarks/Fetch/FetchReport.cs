using System.Net;
using System.Security.Cryptography;

namespace ImmichMl.Benchmarks.Fetch;

/// <summary>
/// The published immich-ml-fetch takes one large file from a hub on loopback: how far its memory rises over what it was at the first byte,
/// and how fast it goes beside a plain copy of the same bytes to the same disk with and without hashing.
/// </summary>
static class FetchReport
{
    const int BlockBytes = 1 << 20;
    const string Small = "{}";

    public static async Task RunAsync(string binary, string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        byte[] block = RandomNumberGenerator.GetBytes(BlockBytes);
        (string digest, double plain, double hashed) = Copy(Path.Combine(folder, "plain"), block, megabytes);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = ServeAsync(listener, block, megabytes, digest);
        string cache = Path.Combine(folder, "cache");
        var start = new ProcessStartInfo(
            binary, [cache, "clip", "visual", "ViT-B-32__openai"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["HF_ENDPOINT"] = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        long since = TimeProvider.System.GetTimestamp();
        using Process child = Process.Start(start)!;
        string last = await child.StandardOutput.ReadLineAsync() ?? "";
        long first = Status(child.Id, "VmRSS:"), peak = 0;
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            last = line;
            peak = Math.Max(peak, Status(child.Id, "VmHWM:"));
        }

        await child.WaitForExitAsync();
        double seconds = TimeProvider.System.GetElapsedTime(since).TotalSeconds;
        Directory.Delete(cache, recursive: true);
        Console.WriteLine($"{last}, exit code {child.ExitCode}, {megabytes} MiB in {seconds:0.0} s: {megabytes / seconds:0} MiB/s");
        Console.WriteLine($"RSS at the first line {first} kB, high water {peak} kB: a rise of {(peak - first) / 1024.0:0.0} MiB");
        Console.WriteLine(
            $"the same bytes written by a loop: {megabytes / plain:0} MiB/s; written and hashed: {megabytes / hashed:0} MiB/s");
    }

    static (string Digest, double PlainSeconds, double HashedSeconds) Copy(string file, byte[] block, int megabytes)
    {
        double[] seconds = new double[2];
        string digest = "";
        for (int hashing = 0; hashing < 2; hashing++)
        {
            long since = TimeProvider.System.GetTimestamp();
            using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
            using (var output = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1))
            {
                for (int i = 0; i < megabytes; i++)
                {
                    output.Write(block);
                    if (hashing == 1)
                    {
                        hash.AppendData(block);
                    }
                }

                output.Flush(flushToDisk: true);
                digest = Convert.ToHexStringLower(hash.GetHashAndReset());
            }

            seconds[hashing] = TimeProvider.System.GetElapsedTime(since).TotalSeconds;
            File.Delete(file);
        }

        return (digest, seconds[0], seconds[1]);
    }

    static async Task ServeAsync(TcpListener listener, byte[] block, int megabytes, string digest)
    {
        long bytes = (long)megabytes * BlockBytes;
        string listing = $$$"""
            [{"type":"file","path":"config.json","size":{{{Small.Length}}},"oid":""},
             {"type":"file","path":"visual/model.onnx","size":{{{bytes}}},"lfs":{"oid":"{{{digest}}}","size":{{{bytes}}}}}]
            """;
        while (true)
        {
            TcpClient client = await listener.AcceptTcpClientAsync();
            _ = Task.Run(async () =>
            {
                using (client)
                {
                    NetworkStream peer = client.GetStream();
                    using var lines = new StreamReader(peer, Encoding.ASCII, leaveOpen: true);
                    string target = (await lines.ReadLineAsync())?.Split(' ')[1] ?? "";
                    while (await lines.ReadLineAsync() is { Length: > 0 })
                    {
                    }

                    byte[]? body = target.StartsWith("/api/", StringComparison.Ordinal) ? Encoding.ASCII.GetBytes(listing)
                        : target.EndsWith("config.json", StringComparison.Ordinal) ? Encoding.ASCII.GetBytes(Small)
                        : null;
                    await peer.WriteAsync(Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body?.Length ?? bytes}\r\n\r\n"));
                    for (int i = 0; i < (body is null ? megabytes : 1); i++)
                    {
                        await peer.WriteAsync(body ?? block);
                    }
                }
            });
        }
    }

    /// <summary>A line of /proc/PID/status, in kB; 0 once the process is gone.</summary>
    static long Status(int process, string name)
    {
        try
        {
            string? line = File.ReadLines(
                $"/proc/{process}/status").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return line is null ? 0
                : long.Parse(line.Split(
                    ' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
