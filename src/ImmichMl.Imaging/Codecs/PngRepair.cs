using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging.Codecs;

/// <summary>PNG that Pillow reads and libpng does not, or not the same: palette too short, wrong checksum of picture data.</summary>
static class PngRepair
{
    /// <summary>Chunks before the picture data must have right checksums, as with Pillow.</summary>
    /// <returns>The picture with a palette that goes on as a gray ramp, which is Pillow's; null where the palette is complete.</returns>
    /// <exception cref="ImageException">A checksum is wrong.</exception>
    public static byte[]? Palette(ReadOnlySpan<byte> image)
    {
        byte[]? repaired = null;
        var (depth, colour) = (image[24], image[25]);
        for (var position = 0; PngData.TryNext(image, ref position, out var chunk) && !chunk.Is("IDAT"u8);)
        {
            if (!chunk.HasRightChecksum)
            {
                throw ImageException.Unreadable("A checksum of the PNG is wrong.");
            }

            if (colour == 3 && chunk.Is("PLTE"u8) && chunk.Length < 3 << depth && chunk.Length % 3 == 0)
            {
                var palette = GrayRamp.After(chunk.Data, bytesPerColour: 3, 1 << depth);
                byte[] typed = [.. "PLTE"u8, .. palette];
                repaired =
                [
                    .. image[..chunk.At], .. BigEndian(palette.Length), .. typed, .. BigEndian((int)PngChecksum.Of(typed)),
                    .. image[chunk.End..],
                ];
            }
        }

        return repaired;
    }

    /// <returns>
    /// The picture with right checksums of its picture data, if that holds just the bytes that it should and its own checksum is right;
    /// null where they are right already.
    /// </returns>
    /// <exception cref="ImageException">It does not.</exception>
    public static byte[]? Checksums(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        byte[]? repaired = null;
        using var data = new MemoryStream();
        for (var position = 0; PngData.TryNext(image, ref position, out var chunk);)
        {
            if (!chunk.Is("IDAT"u8))
            {
                continue;
            }

            data.Write(chunk.Data);
            if (!chunk.HasRightChecksum)
            {
                repaired ??= image.ToArray();
                var checksum = PngChecksum.Of(image.Slice(chunk.At + 4, 4 + chunk.Length));
                BinaryPrimitives.WriteUInt32BigEndian(repaired.AsSpan(chunk.End - 4), checksum);
            }
        }

        data.Position = 0;
        return repaired is not null && PngData.Inflate(data, PngHeader.ByteCount(image, header), header)
            ? throw ImageException.Damaged(header)
            : repaired;
    }

    static byte[] BigEndian(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
