namespace ImmichMl.Tests.Serving;

public sealed class FramingTests
{
    [Test]
    public async Task Requests_that_come_byte_by_byte_are_answered()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        foreach (byte one in (byte[])[.. Bytes(Ask.Ping(1)), .. Bytes(Ask.Predict(2)), .. Bytes(Ask.Ping(3))])
        {
            await peer.SendAsync(new[] { one });
        }

        await Assert.That(await peer.OutcomesAsync(3)).IsEqualTo("1 ok, 2 ok, 3 ok");
    }

    [Test]
    public async Task A_ping_is_answered_wherever_it_is_split()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        for (int place = 1; place < Bytes(Ask.Ping(1)).Length; place++)
        {
            byte[] ping = Bytes(Ask.Ping((ulong)place));
            await peer.SendAsync(ping.AsMemory(0, place));

            // Another peer's round trip: time enough to take the first part alone.
            await daemon.Client.PingAsync();
            await peer.SendAsync(ping.AsMemory(place));
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo($"{place} ok");
        }
    }

    [Test]
    public async Task A_thousand_pings_in_one_send_are_answered_in_order()
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        ulong[] ids = [.. Enumerable.Range(0, 1000).Select(i => 100_000 + (ulong)i)];
        await peer.SendAsync(ids.SelectMany(id => Bytes(Ask.Ping(id))).ToArray());
        foreach (ulong id in ids)
        {
            await Assert.That(await peer.OutcomeAsync()).IsEqualTo($"{id} ok");
        }
    }

    [Test]
    [Arguments(100)]
    [Arguments(16 * 1024)]
    [Arguments(64 * 1024)]
    [Arguments(100 * 1024)]
    [Arguments(3 * 1024 * 1024)]
    public async Task Small_frames_glued_to_a_frame_of_any_size_are_answered(int size)
    {
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(new byte[][]
        {
            Bytes(Ask.Ping(1)), Bytes(Ask.Ping(2)), Bytes(Ask.Predict(3, image: new byte[size])),
            Bytes(Ask.Ping(4)), Bytes(Ask.Predict(5, image: new byte[size])), Bytes(Ask.Ping(6)),
        }.SelectMany(bytes => bytes).ToArray());
        await Assert.That(await peer.OutcomesAsync(6))
            .IsEqualTo("1 ok, 2 ok, 3 image_unsupported, 4 ok, 5 image_unsupported, 6 ok");
    }

    [Test]
    public async Task A_picture_in_a_large_frame_arrives_whole()
    {
        byte[] bitmap = LargeBitmap(400, 300);
        await using RunningDaemon daemon = await RunningDaemon.StartAsync();
        using RawPeer peer = await RawPeer.ConnectAsync(daemon.SocketPath);
        await peer.SendAsync(Ask.Predict(1, image: bitmap));
        Response? answer = await peer.ReceiveAsync(PredictResult.Read);
        var result = (PredictResult)answer!.Result!;
        PredictResult again = await daemon.Client.PredictAsync(Ask.Predict(0, image: bitmap));
        await Assert.That((result.ImageWidth, result.ImageHeight)).IsEqualTo((400, 300));
        await Assert.That(string.Join(' ', result.Clip!.Select(value => value.ToString(CultureInfo.InvariantCulture))))
            .IsEqualTo(string.Join(' ', again.Clip!.Select(value => value.ToString(CultureInfo.InvariantCulture))));
    }

    static byte[] LargeBitmap(int width, int height)
    {
        byte[] small = File.ReadAllBytes(Repository.Golden("images", "rgb.bmp"));
        int pixels = BitConverter.ToInt32(small, 10);
        byte[] large = new byte[pixels + (width * 3 * height)];
        small.AsSpan(0, pixels).CopyTo(large);
        BitConverter.TryWriteBytes(large.AsSpan(2), large.Length);
        BitConverter.TryWriteBytes(large.AsSpan(18), width);
        BitConverter.TryWriteBytes(large.AsSpan(22), height);
        BitConverter.TryWriteBytes(large.AsSpan(34), width * 3 * height);
        for (int i = pixels; i < large.Length; i++)
        {
            large[i] = (byte)(i * 7);
        }

        return large;
    }

    static byte[] Bytes(Request request)
    {
        using FrameWriter frame = FrameWriter.Encode(request);
        return [.. frame.Head.Span, .. frame.Tail.ToArray()];
    }
}
