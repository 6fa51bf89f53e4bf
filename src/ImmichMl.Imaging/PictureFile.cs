using SkiaSharp;

namespace ImmichMl.Imaging;

/// <summary>What a picture can be encoded as.</summary>
public enum PictureFormat
{
    Jpeg,
    Png,
    WebP,
}

/// <summary>A bitmap as an encoded picture.</summary>
public static class PictureFile
{
    // What Immich makes its previews with.
    const int Quality = 80;

    /// <exception cref="InvalidOperationException">The codec gives none.</exception>
    public static byte[] Encode(Bitmap bitmap, PictureFormat format)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        using var picture = new SKBitmap(new SKImageInfo(bitmap.Width, bitmap.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Annotation.CopyRows(bitmap, picture);
        using SKData? data = picture.Encode(
            format switch
            {
                PictureFormat.Jpeg => SKEncodedImageFormat.Jpeg,
                PictureFormat.Png => SKEncodedImageFormat.Png,
                _ => SKEncodedImageFormat.Webp,
            },
            Quality);
        return data?.ToArray()
            ?? throw new InvalidOperationException($"Skia did not encode a picture of {bitmap.Width} x {bitmap.Height} as {format}.");
    }
}
