using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace ImmichMl.Imaging.Codecs;

/// <summary>Every chunk's checksum up to IEND, and that the compressed data holds exactly the bytes that the size asks for.</summary>
static class PngData
{
    const int Start = 8;
    const int ChunkFrame = 12;

    static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(Entry)];

    public static void Check(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var expected = ExpectedBytes(image, header);
        ManagedCheck.CheckPngBytes(expected);
        using var data = new MemoryStream();
        var rest = image[Start..];
        while (true)
        {
            if (rest.Length < ChunkFrame || BinaryPrimitives.ReadUInt32BigEndian(rest) > (uint)(rest.Length - ChunkFrame))
            {
                throw ImageException.Damaged(header);
            }

            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest);
            var typed = rest.Slice(4, 4 + length);
            if (Checksum(typed) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + length)..]))
            {
                throw ImageException.Unreadable("A checksum of the PNG is wrong.");
            }

            rest = rest[(ChunkFrame + length)..];
            if (typed.StartsWith("IDAT"u8))
            {
                data.Write(typed[4..]);
            }
            else if (typed.StartsWith("IEND"u8))
            {
                break;
            }
        }

        data.Position = 0;
        Inflate(data, expected, header);
    }

    /// <summary>Stops one byte past what is expected: surplus costs nothing.</summary>
    static void Inflate(MemoryStream data, long expected, in ImageHeader header)
    {
        var block = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            using var inflated = new ZLibStream(data, CompressionMode.Decompress);
            long left = expected + 1;
            int read;
            while (left > 0 && (read = inflated.Read(block, 0, (int)Math.Min(left, block.Length))) > 0)
            {
                left -= read;
            }

            if (left != 1)
            {
                throw left == 0 ? ManagedCheck.Unsupported("PNG with surplus data") : ImageException.Damaged(header);
            }
        }
        catch (InvalidDataException)
        {
            throw ImageException.Damaged(header);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    /// <summary>Each row has a filter byte in front; Adam7 makes seven pictures of one (W3C PNG, 8.1).</summary>
    static long ExpectedBytes(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var bits = image[24] * image[25] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        if (image[28] == 0)
        {
            return Pass(header, bits, 0, 1, 0, 1);
        }

        return Pass(header, bits, 0, 8, 0, 8) + Pass(header, bits, 4, 8, 0, 8) + Pass(header, bits, 0, 4, 4, 8) + Pass(header, bits, 2, 4, 0, 4)
            + Pass(header, bits, 0, 2, 2, 4) + Pass(header, bits, 1, 2, 0, 2) + Pass(header, bits, 0, 1, 1, 2);
    }

    static long Pass(in ImageHeader header, int bits, int left, int across, int top, int down)
    {
        long width = (header.Width - left + across - 1) / across, height = (header.Height - top + down - 1) / down;
        return width <= 0 || height <= 0 ? 0 : height * (1 + (((width * bits) + 7) / 8));
    }

    static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = s_table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    static uint Entry(int index)
    {
        var crc = (uint)index;
        for (var bit = 0; bit < 8; bit++)
        {
            crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return crc;
    }
}
