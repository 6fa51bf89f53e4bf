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

    /// <summary>A sentence for the peer about an image that <see cref="Recognize"/> did not know.</summary>
    public static string Describe(ReadOnlySpan<byte> image) => Name(image) is { } name
        ? $"{name} is not supported; JPEG, PNG, WebP, GIF and BMP are."
        : "The bytes are of no known image format; JPEG, PNG, WebP, GIF and BMP are supported.";

    static string? Name(ReadOnlySpan<byte> image) => image switch
    {
        [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => "TIFF",
        [0xFF, 0x0A, ..] or [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => "JPEG XL",
        [0xFF, 0x4F, 0xFF, 0x51, ..] or [0, 0, 0, 12, (byte)'j', (byte)'P', (byte)' ', (byte)' ', ..] => "JPEG 2000",
        [0, 0, 1, 0, ..] => "ICO",
        [0, 0, 2, 0, ..] => "CUR",
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
        _ when image[..Math.Min(image.Length, SvgSearchBytes)].IndexOf("<svg"u8) >= 0 => "SVG",
        _ => null,
    };

    static string Brand(ReadOnlySpan<byte> image)
    {
        var brand = image.Length >= 12 ? image.Slice(8, 4) : default;
        return brand switch
        {
            [(byte)'a', (byte)'v', (byte)'i', (byte)'f' or (byte)'s'] => "AVIF",
            [(byte)'h', (byte)'e', (byte)'i' or (byte)'v', _] => "HEIC",
            [(byte)'m', (byte)'i' or (byte)'s', (byte)'f', (byte)'1'] => "HEIF",
            [(byte)'c', (byte)'r', (byte)'x', _] => "camera raw",
            _ => "ISO media (video or an unknown kind of still)",
        };
    }

    static bool At(ReadOnlySpan<byte> image, int offset, ReadOnlySpan<byte> magic) =>
        image.Length >= offset + magic.Length && image.Slice(offset, magic.Length).SequenceEqual(magic);
}
