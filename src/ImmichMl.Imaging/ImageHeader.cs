using ImmichMl.Imaging.Headers;

namespace ImmichMl.Imaging;

/// <summary>The formats that are read.</summary>
public enum ImageFormat
{
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
}

/// <summary>
/// What the first look at an image says. An image that has a header here is of a known format, within the limits and not obviously damaged;
/// whether its pixels can be read is for <see cref="ImageDecoder"/> to say.
/// </summary>
/// <param name="Format">By the first bytes, never by a name.</param>
/// <param name="Width">In pixels, as stored: an EXIF orientation does not count. 1 to 65,500.</param>
/// <param name="Height">In pixels, as <paramref name="Width"/>.</param>
public readonly record struct ImageHeader(ImageFormat Format, int Width, int Height)
{
    // libjpeg's JPEG_MAX_DIMENSION; Skia and Pillow go no further for any format.
    const int LongestSide = 65_500;

    // 14 bits in the bitstream of both WebP codecs.
    const int LongestWebPSide = 16_383;

    /// <summary>Reads the header; the cost is linear in the bytes, and nothing is allocated unless it throws.</summary>
    /// <param name="image">The whole encoded image.</param>
    /// <param name="limits">The most bytes and pixels.</param>
    /// <exception cref="ImageException">No bytes or no pixels, an unknown format, damage, or more than the limits allow.</exception>
    public static ImageHeader Read(ReadOnlySpan<byte> image, ImageLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (image.IsEmpty)
        {
            throw ImageException.Empty("The image has no bytes.");
        }

        if (image.Length > limits.MaxBytes)
        {
            throw ImageException.TooLarge($"The image has {image.Length} bytes; the limit is {limits.MaxBytes}.");
        }

        return Signature.Recognize(image) switch
        {
            ImageFormat.Jpeg => JpegHeader.Read(image, limits),
            ImageFormat.Png => PngHeader.Read(image, limits),
            ImageFormat.WebP => WebPHeader.Read(image, limits),
            ImageFormat.Gif => GifHeader.Read(image, limits),
            ImageFormat.Bmp => BmpHeader.Read(image, limits),
            _ => throw ImageException.Unsupported(Signature.Describe(image)),
        };
    }

    /// <summary>Every format reader ends here, or comes by before it trusts a size.</summary>
    internal static ImageHeader Create(ImageFormat format, long width, long height, ImageLimits limits)
    {
        if (width == 0 || height == 0)
        {
            throw ImageException.Empty($"The image is {width} x {height} pixels.");
        }

        var longest = format == ImageFormat.WebP ? LongestWebPSide : LongestSide;
        if (width > longest || height > longest)
        {
            throw ImageException.TooLarge($"The image is {width} x {height} pixels; a side may have {longest}.");
        }

        if (width * height > limits.MaxPixels)
        {
            throw ImageException.TooLarge($"The image has {width * height} pixels; the limit is {limits.MaxPixels}.");
        }

        return new(format, (int)width, (int)height);
    }
}
