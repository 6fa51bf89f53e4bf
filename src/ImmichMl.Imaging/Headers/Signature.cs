namespace ImmichMl.Imaging.Headers;

/// <summary>Knows formats by their first bytes: the five that are read, and the names of those that are not.</summary>
static class Signature
{
    // An XML declaration, a comment and a document type may stand before an SVG's root element.
    const int SvgSearchBytes = 1024;

    public static ImageFormat? Recognize(ReadOnlySpan<byte> image)
    {
        if (image.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            return ImageFormat.Jpeg;
        }

        if (image.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]))
        {
            return ImageFormat.Png;
        }

        if (image.StartsWith("RIFF"u8) && At(image, 8, "WEBP"u8))
        {
            return ImageFormat.WebP;
        }

        if (image.StartsWith("GIF87a"u8) || image.StartsWith("GIF89a"u8))
        {
            return ImageFormat.Gif;
        }

        return image.StartsWith("BM"u8) ? ImageFormat.Bmp : null;
    }

    /// <summary>A sentence for the sender of an image that <see cref="Recognize"/> did not know.</summary>
    public static string Describe(ReadOnlySpan<byte> image) => Name(image) is { } name
        ? $"{name} is not supported; JPEG, PNG, WebP, GIF and BMP are."
        : "The bytes are of no known image format; JPEG, PNG, WebP, GIF and BMP are supported.";

    static string? Name(ReadOnlySpan<byte> image) => image switch
    {
        [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => "TIFF",
        [0xFF, 0x0A, ..] or [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => "JPEG XL",
        [0xFF, 0x4F, 0xFF, 0x51, ..] or [0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' ', ..] => "JPEG 2000",
        [0, 0, 1, 0, ..] => "ICO",
        [0, 0, 2, 0, > 0, ..] => "CUR",
        [0x76, 0x2F, 0x31, 0x01, ..] => "OpenEXR",
        [(byte)'P', >= (byte)'1' and <= (byte)'7', (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t', ..] => "PNM",
        _ when At(image, 4, "ftyp"u8) => Brand(image),
        _ when image.StartsWith("8BPS"u8) => "PSD",
        _ when image.StartsWith("#?RADIANCE"u8) || image.StartsWith("#?RGBE"u8) => "Radiance HDR",
        _ when image.StartsWith("%PDF"u8) => "PDF",
        _ when image.StartsWith("%!PS"u8) => "PostScript",
        _ when image.StartsWith("DDS "u8) => "DDS",
        _ when image.StartsWith("qoif"u8) => "QOI",
        _ when image.StartsWith("FUJIFILMCCD-RAW"u8) || image.StartsWith("IIU\0"u8) || image.StartsWith("IIRO"u8) => "camera raw",
        [(byte)'P', (byte)'F' or (byte)'f', (byte)'\n' or (byte)'\r' or (byte)' ', ..] => "PFM",
        _ when image[..Math.Min(image.Length, SvgSearchBytes)].IndexOf("<svg"u8) >= 0 => "SVG",
        _ when image[..Math.Min(image.Length, SvgSearchBytes)].IndexOf("<\0s\0v\0g\0"u8) >= 0 => "SVG",
        [0x1F, 0x8B, 8, ..] => "gzip (a compressed SVG, if a picture)",
        _ when IsTga(image) => "TGA",
        _ => null,
    };

    /// <summary>TGA has no magic: a header of 18 bytes whose values are all legal is as good as it gets. Asked last.</summary>
    static bool IsTga(ReadOnlySpan<byte> image) =>
        image is [_, var map, var kind, _, _, _, _, var mapDepth, _, _, _, _, _, _, _, _, var depth, var flags, ..]
        && kind is 1 or 2 or 3 or 9 or 10 or 11
        && map <= 1 && (map == 1) == (mapDepth is 15 or 16 or 24 or 32)
        && depth is 8 or 15 or 16 or 24 or 32
        && (flags & 0xC0) == 0
        && image[12..16].IndexOfAnyExcept((byte)0) >= 0;

    static string Brand(ReadOnlySpan<byte> image)
    {
        var brand = image.Length >= 12 ? image.Slice(8, 4) : default;
        return brand switch
        {
            [(byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s'] => "AVIF",
            [(byte)'h', (byte)'e', (byte)'i' or (byte)'v', _] => "HEIC",
            [(byte)'m', (byte)'i' or (byte)'s', (byte)'f', (byte)'1'] => Compatible(image),
            [(byte)'c', (byte)'r', (byte)'x', _] => "camera raw",
            _ => "ISO media (video or an unknown kind of still)",
        };
    }

    /// <summary>The general brand says too little; one of the compatible brands behind it tells which coding is meant.</summary>
    static string Compatible(ReadOnlySpan<byte> image)
    {
        for (var brands = image[..Math.Min(image.Length, 64)]; brands.Length >= 16 + 4; brands = brands[4..])
        {
            switch (brands[16..20])
            {
                case [(byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s']:
                    return "AVIF";
                case [(byte)'h', (byte)'e', (byte)'i' or (byte)'v', _]:
                    return "HEIC";
                default:
                    break;
            }
        }

        return "HEIF";
    }

    static bool At(ReadOnlySpan<byte> image, int offset, ReadOnlySpan<byte> magic) =>
        image.Length >= offset + magic.Length && image.Slice(offset, magic.Length).SequenceEqual(magic);
}
