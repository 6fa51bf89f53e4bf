using System.IO.Compression;
using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>The chunks of a PNG and the compressed data in them.</summary>
static class PngData
{
    const int Start = 8;
    const int ChunkFrame = 12;

    /// <summary>A chunk: At is where its length stands.</summary>
    public readonly ref struct Chunk(ReadOnlySpan<byte> image, int at, int length)
    {
        readonly ReadOnlySpan<byte> _image = image;

        public int At { get; } = at;

        public int Length { get; } = length;

        public int End => At + ChunkFrame + Length;

        public ReadOnlySpan<byte> Data => _image.Slice(At + 8, Length);

        public bool HasRightChecksum =>
            PngChecksum.Of(_image.Slice(At + 4, 4 + Length)) == BinaryPrimitives.ReadUInt32BigEndian(_image[(End - 4)..]);

        public bool Is(ReadOnlySpan<byte> type) => _image[(At + 4)..].StartsWith(type);
    }

    /// <summary>False where no whole chunk follows.</summary>
    public static bool TryNext(ReadOnlySpan<byte> image, scoped ref int position, out Chunk chunk)
    {
        position = Math.Max(position, Start);
        var rest = image[Math.Min(position, image.Length)..];
        if (rest.Length < ChunkFrame || BinaryPrimitives.ReadUInt32BigEndian(rest) > (uint)(rest.Length - ChunkFrame))
        {
            chunk = default;
            return false;
        }

        chunk = new(image, position, (int)BinaryPrimitives.ReadUInt32BigEndian(rest));
        position = chunk.End;
        return true;
    }

    /// <summary>Every chunk must be there, and the data inflate to exactly the bytes of the size, with the right checksum.</summary>
    public static void Check(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        var expected = PngHeader.ByteCount(image, header);
        ManagedCheck.CheckPngBytes(expected);
        using var data = new MemoryStream();
        var position = 0;
        Chunk chunk;
        do
        {
            if (!TryNext(image, ref position, out chunk))
            {
                throw ImageException.Damaged(header);
            }

            if (chunk.Is("IDAT"u8))
            {
                data.Write(chunk.Data);
            }
        }
        while (!chunk.Is("IEND"u8));

        data.Position = 0;
        if (Inflate(data, expected, header))
        {
            throw ManagedCheck.Unsupported("PNG with surplus data");
        }
    }

    /// <summary>
    /// True where there is more than is expected; of that one byte is read, so that surplus costs nothing. Without surplus the checksum of
    /// the compressed data has been looked at.
    /// </summary>
    public static bool Inflate(Stream data, long expected, in ImageHeader header)
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

            return left <= 1 ? left == 0 : throw ImageException.Damaged(header);
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
}
