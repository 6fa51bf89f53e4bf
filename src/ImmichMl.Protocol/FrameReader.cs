using System.Buffers.Binary;

namespace ImmichMl.Protocol;

/// <summary>Cuts a stream of bytes into frames: four bytes of length, big-endian, then one MessagePack map.</summary>
public static class FrameReader
{
    /// <summary>Bytes of the length in front of every payload.</summary>
    public const int PrefixLength = 4;

    /// <summary>The largest payload unless set otherwise: an image of 128 MiB and its surroundings.</summary>
    public const int DefaultMaxFrameBytes = 129 * 1024 * 1024;

    /// <summary>Reads the payload length of the frame that begins at the start of <paramref name="buffer"/>.</summary>
    /// <returns>False while fewer than four bytes are there.</returns>
    /// <exception cref="ProtocolException">The length is 0 or over <paramref name="maxFrameBytes"/>; the connection must close.</exception>
    public static bool TryReadLength(in ReadOnlySequence<byte> buffer, int maxFrameBytes, out int length)
    {
        length = 0;
        if (buffer.Length < PrefixLength)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        uint claimed = BinaryPrimitives.ReadUInt32BigEndian(prefix);
        if (claimed == 0)
        {
            throw ProtocolException.Malformed("A frame of 0 bytes holds no message.");
        }

        if (claimed > (uint)maxFrameBytes)
        {
            throw new ProtocolException(ErrorCode.FrameTooLarge, $"A frame of {claimed} bytes is over the limit of {maxFrameBytes}.");
        }

        length = (int)claimed;
        return true;
    }

    /// <summary>Takes one whole frame off the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">What has arrived; on success it begins after the frame.</param>
    /// <param name="maxFrameBytes">The largest payload to accept, in bytes.</param>
    /// <param name="payload">The frame's payload, a view into the same memory.</param>
    /// <returns>False when more bytes are needed; then nothing has changed.</returns>
    /// <exception cref="ProtocolException">As <see cref="TryReadLength"/>.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxFrameBytes, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        if (!TryReadLength(buffer, maxFrameBytes, out int length) || buffer.Length - PrefixLength < length)
        {
            return false;
        }

        payload = buffer.Slice(PrefixLength, length);
        buffer = buffer.Slice(payload.End);
        return true;
    }
}
