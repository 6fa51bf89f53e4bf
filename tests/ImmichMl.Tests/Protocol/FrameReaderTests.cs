namespace ImmichMl.Tests.Protocol;

public sealed class FrameReaderTests
{
    const int Limit = FrameReader.DefaultMaxFrameBytes;

    /// <summary>Up to this size a frame is split at every byte, beyond it at both ends and at places in between.</summary>
    const int SmallFrame = 4096;

    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.All))]
    public async Task A_frame_is_read_wherever_it_is_split(GoldenFrame golden)
    {
        var bytes = golden.Read();
        var canonical = golden.ReadCanonical();
        foreach (var at in Cuts(bytes.Length))
        {
            var half = new ReadOnlySequence<byte>(bytes, 0, at);
            var kept = half;
            await Assert.That(FrameReader.TryRead(ref half, Limit, out _)).IsFalse().Because($"{at} bytes are there");
            await Assert.That(half.Equals(kept)).IsTrue().Because($"nothing was taken of {at} bytes");

            var payload = GoldenFrame.Payload(Segments.Of(bytes.AsMemory(0, at), bytes.AsMemory(at)));
            await Assert.That(golden.Rewrite(payload).AsSpan().SequenceEqual(canonical)).IsTrue().Because($"split at {at}");
        }
    }

    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.All))]
    public async Task A_frame_is_read_from_single_bytes(GoldenFrame golden)
    {
        var bytes = golden.Read();
        var payload = GoldenFrame.Payload(Segments.Of([.. Enumerable.Range(0, bytes.Length).Select(i => bytes.AsMemory(i, 1))]));
        await Assert.That(golden.Rewrite(payload).AsSpan().SequenceEqual(golden.ReadCanonical())).IsTrue();
    }

    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.All))]
    public async Task Glued_frames_come_apart(GoldenFrame golden)
    {
        var bytes = golden.Read();
        var glued = new ReadOnlySequence<byte>([.. bytes, .. bytes, .. bytes.AsSpan(0, bytes.Length - 1)]);
        for (var i = 0; i < 2; i++)
        {
            await Assert.That(FrameReader.TryRead(ref glued, Limit, out var payload)).IsTrue();
            await Assert.That(payload.ToArray().AsSpan().SequenceEqual(bytes.AsSpan(FrameReader.PrefixLength))).IsTrue();
        }

        await Assert.That(FrameReader.TryRead(ref glued, Limit, out _)).IsFalse();
        await Assert.That(glued.Length).IsEqualTo(bytes.Length - 1);
    }

    [Test]
    [Arguments("00000000", 1024, "invalid_request")]
    [Arguments("00000401", 1024, "frame_too_large")]
    [Arguments("80000000", int.MaxValue, "frame_too_large")]
    [Arguments("FFFFFFFF", int.MaxValue, "frame_too_large")]
    [Arguments("08100001", Limit, "frame_too_large")]
    public async Task A_length_of_zero_or_over_the_limit_closes(string prefix, int limit, string code)
    {
        var fault = await Assert.That(() =>
        {
            var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(prefix));
            FrameReader.TryRead(ref buffer, limit, out _);
        }).Throws<ProtocolException>();
        await Assert.That((fault!.Code.Name, fault.Id, fault.Closes)).IsEqualTo((code, 0UL, true));
    }

    [Test]
    [Arguments("00000001", 1024, 1)]
    [Arguments("00000400", 1024, 1024)]
    [Arguments("08100000", Limit, Limit)]
    [Arguments("7FFFFFFF", int.MaxValue, int.MaxValue)]
    public async Task A_length_up_to_the_limit_is_taken(string prefix, int limit, int length)
    {
        var bytes = new ReadOnlySequence<byte>(Convert.FromHexString(prefix));
        await Assert.That(FrameReader.TryReadLength(bytes, limit, out var read)).IsTrue();
        await Assert.That(read).IsEqualTo(length);
    }

    static IEnumerable<int> Cuts(int length) =>
        Enumerable.Range(0, length).Where(at => length <= SmallFrame || at <= 300 || at >= length - 8 || at % 997 == 0);
}
