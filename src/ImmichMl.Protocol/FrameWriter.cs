using System.Buffers.Binary;
using ImmichMl.Protocol.Messages;

namespace ImmichMl.Protocol;

/// <summary>One encoded frame in pooled memory. Whoever holds it disposes it.</summary>
public sealed class FrameWriter : IBufferWriter<byte>, IDisposable
{
    byte[] _buffer = ArrayPool<byte>.Shared.Rent(512);
    int _written = FrameReader.PrefixLength;

    FrameWriter()
    {
    }

    /// <summary>The frame's bytes, length in front; of a <see cref="PredictRequest"/> all but its image (<see cref="Tail"/>).</summary>
    public ReadOnlyMemory<byte> Head => _buffer.AsMemory(0, _written);

    /// <summary>What follows <see cref="Head"/> on the wire without having been copied: a request's image. Empty otherwise.</summary>
    public ReadOnlySequence<byte> Tail { get; private set; }

    /// <summary>Encodes a request; its image, if it has one, stays where it is and becomes the <see cref="Tail"/>.</summary>
    public static FrameWriter Encode(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var frame = new FrameWriter();
        var writer = new MessagePackWriter(frame);
        request.Write(ref writer);
        writer.Flush();
        frame.Tail = request is PredictRequest { Image: { } image } ? image : default;
        return frame.Finish();
    }

    /// <summary>Encodes a response.</summary>
    public static FrameWriter Encode(Response response)
    {
        ArgumentNullException.ThrowIfNull(response);
        var frame = new FrameWriter();
        var writer = new MessagePackWriter(frame);
        response.Write(ref writer);
        writer.Flush();
        return frame.Finish();
    }

    FrameWriter Finish()
    {
        uint length = checked((uint)(_written - FrameReader.PrefixLength + Tail.Length));
        BinaryPrimitives.WriteUInt32BigEndian(_buffer, length);
        return this;
    }

    void IBufferWriter<byte>.Advance(int count) => _written += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => Reserve(sizeHint).AsMemory(_written);

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => Reserve(sizeHint).AsSpan(_written);

    byte[] Reserve(int sizeHint)
    {
        int needed = checked(_written + Math.Max(sizeHint, 1));
        if (needed > _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, checked(_buffer.Length * 2)));
            _buffer.AsSpan(0, _written).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _written = 0;
            Tail = default;
        }
    }
}
