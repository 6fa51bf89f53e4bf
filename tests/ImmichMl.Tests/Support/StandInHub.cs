using System.Collections.Concurrent;
using System.Net;

namespace ImmichMl.Tests.Support;

/// <summary>What was asked of the stand-in: path and query, the byte to begin at, and whether a token came along.</summary>
sealed record HubAsked(string Target, long From, bool HasToken);

/// <summary>
/// A hub on loopback that serves files as Hugging Face does, and misbehaves on demand: <see cref="Before"/> may answer in its place.
/// </summary>
sealed class StandInHub : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _accepting;

    public StandInHub()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>A hub that has the demo's CLIP model in every repository.</summary>
    public static StandInHub WithDemoClip()
    {
        var hub = new StandInHub();
        string folder = $"clip/{DemoModels.Name}/";
        foreach ((string path, byte[] bytes) in DemoModels.Files.Where(file => file.Key.StartsWith(folder, StringComparison.Ordinal)))
        {
            hub.Files[path[folder.Length..]] = bytes;
        }

        return hub;
    }

    /// <summary>What makes immich-ml and immich-ml-fetch take this for the hub.</summary>
    public (string Name, string? Value)[] Settings(TempFolder cache) =>
    [
        ("HF_ENDPOINT", Address), ("MACHINE_LEARNING_OCR_ENDPOINT", Address), ("MACHINE_LEARNING_CACHE_FOLDER", cache.Path),
            ("HF_TOKEN", "secret"),
        ("HF_HUB_DOWNLOAD_TIMEOUT", "2"),
    ];

    /// <summary>Files of the repository by their paths.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    public ConcurrentQueue<HubAsked> Asked { get; } = new();

    /// <summary>The listing's JSON instead of the true one.</summary>
    public string? Listing { get; set; }

    /// <summary>True when it has answered, or hung up, itself.</summary>
    public Func<HubAsked, NetworkStream, Task<bool>> Before { get; set; } = (_, _) => Task.FromResult(false);

    public static Task WriteHeadAsync(NetworkStream peer, string status, params string[] headers) =>
        peer.WriteAsync(Encoding.ASCII
            .GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{string.Concat(headers.Select(one => one + "\r\n"))}\r\n")).AsTask();

    public string TrueListing() => "[" + string.Join(',', Files.Select(file => Listed(file.Key, file.Value))) + "]";

    static string Listed(string path, byte[] bytes)
    {
        string large = path.EndsWith(".onnx", StringComparison.Ordinal)
            ? $$""","lfs":{"oid":"{{Convert.ToHexStringLower(SHA256.HashData(bytes))}}","size":{{bytes.Length}}}"""
            : "";
        return $$"""{"type":"file","oid":"{{GitBlob(bytes)}}","size":{{bytes.Length}},"path":"{{path}}"{{large}}}""";
    }

    static string GitBlob(byte[] bytes) =>
#pragma warning disable CA5350 // Git's own.
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
#pragma warning restore CA5350

    async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream peer = client.GetStream();
                using var lines = new StreamReader(peer, Encoding.ASCII, leaveOpen: true);
                string target = (await lines.ReadLineAsync())?.Split(' ')[1] ?? "";
                long from = 0;
                bool hasToken = false;
                while (await lines.ReadLineAsync() is { Length: > 0 } line)
                {
                    from = line.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase)
                        ? long.Parse(line["Range: bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture) : from;
                    hasToken |= line.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase);
                }

                var asked = new HubAsked(target, from, hasToken);
                Asked.Enqueue(asked);
                if (!await Before(asked, peer))
                {
                    await ServeAsync(asked, peer);
                }
            }
            catch (IOException)
            {
                // The other side has gone, which some tests want.
            }
        }
    }

    async Task ServeAsync(HubAsked asked, NetworkStream peer)
    {
        byte[]? bytes = asked.Target.StartsWith("/api/", StringComparison.Ordinal)
            ? Encoding.UTF8.GetBytes(Listing ?? TrueListing())
            : Files.FirstOrDefault(file => Resolved(asked.Target) == file.Key).Value;
        if (bytes is null)
        {
            await WriteHeadAsync(peer, "404 Not Found", "Content-Length: 0");
            return;
        }

        string[] headers = [$"Content-Length: {bytes.Length - asked.From}",
            $"Content-Range: bytes {asked.From}-{bytes.Length - 1}/{bytes.Length}"];
        await WriteHeadAsync(peer, asked.From > 0 ? "206 Partial Content" : "200 OK", asked.From > 0 ? headers : headers[..1]);
        await peer.WriteAsync(bytes.AsMemory((int)asked.From));
    }

    /// <summary>Of /OWNER/NAME/resolve/REVISION/FILE the file; every revision has the same ones.</summary>
    static string Resolved(string target) => target.Split('/', 6) is [_, _, _, "resolve", _, var file] ? file : "";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }
}
