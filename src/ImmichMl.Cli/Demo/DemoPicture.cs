using System.Buffers.Binary;
using System.IO.Compression;

namespace ImmichMl.Cli.Demo;

/// <summary>One sample picture, encoded. Pictures of one family look alike.</summary>
sealed record DemoPicture(string Name, string Family, byte[] Image)
{
    static readonly uint[] _crcTable = [.. Enumerable.Range(0, 256).Select(CrcEntry)];

    /// <summary>24 bits a pixel, rows from the bottom up, each padded to 4 bytes.</summary>
    internal static byte[] EncodeBmp(int width, int height, ReadOnlySpan<byte> rgb)
    {
        const int HeaderLength = 54;
        var stride = ((width * 3) + 3) & ~3;
        var bmp = new byte[HeaderLength + (stride * height)];
        bmp[0] = (byte)'B';
        bmp[1] = (byte)'M';
        Span<(int Offset, int Value)> fields =
        [
            (2, bmp.Length), (10, HeaderLength), (14, 40), (18, width), (22, height), (26, 1), (28, 24), (34, stride * height),
        ];
        foreach (var (offset, value) in fields)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bmp.AsSpan(offset), value);
        }

        for (var y = 0; y < height; y++)
        {
            var row = bmp.AsSpan(HeaderLength + ((height - 1 - y) * stride));
            for (var x = 0; x < width; x++)
            {
                var pixel = rgb.Slice(((y * width) + x) * 3, 3);
                (row[x * 3], row[(x * 3) + 1], row[(x * 3) + 2]) = (pixel[2], pixel[1], pixel[0]);
            }
        }

        return bmp;
    }

    /// <summary>Truecolour, 8 bits, every row with filter 1 (difference to the pixel on the left).</summary>
    internal static byte[] EncodePng(int width, int height, ReadOnlySpan<byte> rgb)
    {
        var stride = width * 3;
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            var filtered = new byte[1 + stride];
            filtered[0] = 1;
            for (var y = 0; y < height; y++)
            {
                var row = rgb.Slice(y * stride, stride);
                for (var i = 0; i < stride; i++)
                {
                    filtered[1 + i] = (byte)(row[i] - (i < 3 ? 0 : row[i - 3]));
                }

                zlib.Write(filtered);
            }
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2);
        return [0x89, .. "PNG\r\n\x1a\n"u8, .. Chunk("IHDR"u8, header), .. Chunk("IDAT"u8, packed.ToArray()), .. Chunk("IEND"u8, [])];
    }

    static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        var crc = uint.MaxValue;
        foreach (var value in chunk.AsSpan(4..^4))
        {
            crc = _crcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(^4..), ~crc);
        return chunk;
    }

    static uint CrcEntry(int value)
    {
        var entry = (uint)value;
        for (var bit = 0; bit < 8; bit++)
        {
            entry = (entry & 1) == 0 ? entry >> 1 : 0xEDB88320u ^ (entry >> 1);
        }

        return entry;
    }
}
