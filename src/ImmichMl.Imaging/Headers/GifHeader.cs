namespace ImmichMl.Imaging.Headers;

/// <summary>The logical screen of a GIF (GIF89a, 18), grown by the first image where that reaches beyond, as every decoder does.</summary>
static class GifHeader
{
    const int ScreenEnd = 13;
    const byte Extension = 0x21;
    const byte GraphicControl = 0xF9;
    const byte ImageDescriptor = 0x2C;

    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        if (image.Length < ScreenEnd)
        {
            throw Truncated();
        }

        int width = BinaryPrimitives.ReadUInt16LittleEndian(image[6..]), height = BinaryPrimitives.ReadUInt16LittleEndian(image[8..]);
        var rest = FirstImage(image);
        int left = BinaryPrimitives.ReadUInt16LittleEndian(rest[1..]), top = BinaryPrimitives.ReadUInt16LittleEndian(rest[3..]);
        int across = BinaryPrimitives.ReadUInt16LittleEndian(rest[5..]), down = BinaryPrimitives.ReadUInt16LittleEndian(rest[7..]);
        if (across == 0 || down == 0)
        {
            throw ImageException.Empty($"The first image of the GIF is {across} x {down} pixels.");
        }

        return ImageHeader.Create(ImageFormat.Gif, Math.Max(width, left + across), Math.Max(height, top + down), limits);
    }

    /// <summary>From the first image descriptor on, which is complete.</summary>
    internal static ReadOnlySpan<byte> FirstImage(ReadOnlySpan<byte> image) => FirstImage(image, out _);

    /// <summary>Of the first image; -1 where it has none.</summary>
    internal static int TransparentIndex(ReadOnlySpan<byte> image)
    {
        _ = FirstImage(image, out var transparent);
        return transparent;
    }

    static ReadOnlySpan<byte> FirstImage(ReadOnlySpan<byte> image, out int transparent)
    {
        transparent = -1;
        var rest = Skip(image, ScreenEnd + ColourTableBytes(image[10]));
        while (rest is [Extension, _, ..])
        {
            // The lowest bit of the flags says that there is a transparent index, three bytes on.
            if (rest is [_, GraphicControl, >= 4, var flags, _, _, var index, ..] && (flags & 1) != 0)
            {
                transparent = index;
            }

            rest = SkipSubBlocks(rest[2..]);
        }

        if (rest is not [ImageDescriptor, ..])
        {
            throw rest.Length < 2 ? Truncated() : ImageException.Unreadable("The GIF holds no image, or an unknown block before it.");
        }

        return rest.Length >= 10 ? rest : throw Truncated();
    }

    internal static int ColourTableBytes(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    static ReadOnlySpan<byte> SkipSubBlocks(ReadOnlySpan<byte> rest)
    {
        while (rest is [not 0, ..])
        {
            rest = Skip(rest, 1 + rest[0]);
        }

        return Skip(rest, 1);
    }

    static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> rest, int count) => count <= rest.Length ? rest[count..] : throw Truncated();

    static ImageException Truncated() => ImageException.Unreadable("The GIF is truncated.");
}
