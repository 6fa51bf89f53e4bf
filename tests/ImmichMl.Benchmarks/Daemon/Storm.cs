using System.Buffers.Binary;

namespace ImmichMl.Benchmarks.Daemon;

/// <summary>Peers that behave badly, as issue texts and attackers would have it.</summary>
static class Storm
{
    const int Announced = 128 * 1024 * 1024;

    public static async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    /// <summary>Peers that announce 128 MiB, send part of it and vanish; all at once.</summary>
    public static Task VanishAsync(string path, int peers, int bytesSent) => Task.WhenAll(Enumerable.Range(0, peers).Select(async _ =>
    {
        using Socket socket = await ConnectAsync(path);
        byte[] head = new byte[64 * 1024];
        BinaryPrimitives.WriteUInt32BigEndian(head, Announced);
        try
        {
            for (int sent = 0; sent < bytesSent;)
            {
                sent += await socket.SendAsync(head.AsMemory(0, Math.Min(head.Length, bytesSent - sent)));
            }
        }
        catch (SocketException)
        {
            // The daemon may close a peer that stands in the way of others.
        }
    }));

    /// <summary>Pipelines requests on one connection and reads every answer.</summary>
    /// <returns>How many were answered with a result, and how many with an error.</returns>
    public static async Task<(int Results, int Errors)> PipelineAsync(string path, int requests, byte[] image, string? model)
    {
        await using var client = new Client.MlClient(new Client.MlClientOptions { SocketPath = path });
        int errors = 0;
        await Task.WhenAll(Enumerable.Range(0, requests).Select(async _ =>
        {
            try
            {
                await client.PredictAsync(Request(image, model));
            }
            catch (Client.MlErrorException)
            {
                Interlocked.Increment(ref errors);
            }
        }));
        return (requests - errors, errors);
    }

    /// <summary>Sends requests as fast as they are taken and never reads an answer, for so long.</summary>
    public static async Task NeverReadAsync(string path, byte[] image, TimeSpan duration)
    {
        using Socket socket = await ConnectAsync(path);
        using var end = new CancellationTokenSource(duration);
        try
        {
            for (ulong id = 1; ; id++)
            {
                using FrameWriter frame = FrameWriter.Encode(Request(image, null) with { Id = id });
                await socket.SendAsync(frame.Head, end.Token);
                await socket.SendAsync(image, end.Token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Time is up, or the daemon has given this peer up.
        }
    }

    public static PredictRequest Request(byte[] image, string? model) => new()
    {
        Id = 0,
        Tasks = model is null ? [] : [new TaskEntry { Task = "clip", Type = "visual", ModelName = model }],
        Image = new System.Buffers.ReadOnlySequence<byte>(image),
    };
}
