namespace ImmichMl.Tests.Protocol;

public sealed class HostileFrameTests
{
    const int MaxAllocated = 64 * 1024;
    const int SmallFrame = 400;

    /// <summary>What only the daemon can tell, once the request as such is in order.</summary>
    static readonly string[] s_codesOfTheDaemon = ["unknown_task", "image_empty", "invalid_request"];

    [Test]
    [MethodDataSource(typeof(HostileFrame), nameof(HostileFrame.All))]
    public async Task What_is_not_a_request_is_refused_with_code_and_id(HostileFrame hostile)
    {
        var bytes = hostile.Read();
        try
        {
            var request = Read(bytes, hostile.MaxFrameBytes);
            await Assert.That(request is null).IsEqualTo(hostile.HangUp);
            await Assert.That(request is null || (s_codesOfTheDaemon.Contains(hostile.Code) && !hostile.Closes)).IsTrue();
            await Assert.That(request?.Id ?? 0).IsEqualTo(hostile.Id);
        }
        catch (ProtocolException fault)
        {
            await Assert.That((fault.Code.Name, fault.Id, fault.Closes)).IsEqualTo((hostile.Code!, hostile.Id, hostile.Closes));
        }
    }

    [Test]
    [MethodDataSource(typeof(HostileFrame), nameof(HostileFrame.All))]
    public async Task Memory_does_not_follow_what_is_claimed(HostileFrame hostile)
    {
        // The first time, what is allocated once and for all is allocated too.
        var bytes = hostile.Read();
        Allocated(bytes, hostile.MaxFrameBytes);
        await Assert.That(Allocated(bytes, hostile.MaxFrameBytes)).IsLessThan(MaxAllocated);
    }

    [Test]
    [MethodDataSource(typeof(GoldenFrame), nameof(GoldenFrame.Canonicals))]
    public async Task A_frame_with_one_byte_changed_is_read_or_refused_and_nothing_else(GoldenFrame golden)
    {
        var bytes = golden.Read();
        for (var at = FrameReader.PrefixLength; at < Math.Min(bytes.Length, SmallFrame); at++)
        {
            var right = bytes[at];
            foreach (var wrong in (byte[])[(byte)(right ^ 0x80), (byte)(right + 1), 0xC0, 0xC1, 0xCB, 0xDD, 0xDF, 0xFF])
            {
                bytes[at] = wrong;
                await Assert.That(Fault(golden, bytes)).IsNull().Because($"byte {at} is {wrong:x2}");
            }

            bytes[at] = right;
        }
    }

    /// <summary>Null while the frame is not whole.</summary>
    static Request? Read(byte[] bytes, int limit)
    {
        var buffer = new ReadOnlySequence<byte>(bytes);
        return FrameReader.TryRead(ref buffer, limit, out var payload) ? Request.Read(payload) : null;
    }

    static long Allocated(byte[] bytes, int limit)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Read(bytes, limit);
        }
        catch (ProtocolException)
        {
            // That it is refused is another test.
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    static Exception? Fault(GoldenFrame golden, byte[] bytes)
    {
        try
        {
            var payload = new ReadOnlySequence<byte>(bytes, FrameReader.PrefixLength, bytes.Length - FrameReader.PrefixLength);
            _ = golden.IsRequest ? (object)Request.Read(payload) : golden.ReadResponse(payload);
            return null;
        }
        catch (ProtocolException)
        {
            return null;
        }
        catch (Exception fault)
        {
            return fault;
        }
    }
}
