using StbImageSharp;

namespace ImmichMl.Imaging.Codecs;

/// <summary>
/// StbImageSharp, for hosts where no native codec loads: JPEG (up to 30 levels off, the mean below 0.15), PNG and BMP. It believes what it
/// reads, so <see cref="ManagedCheck"/> stands in front. Known difference: CMYK without Adobe's marker comes out in wrong colours.
/// </summary>
static unsafe class ManagedCodec
{
    public static Bitmap Decode(ReadOnlySpan<byte> image, in ImageHeader header)
    {
        ManagedCheck.Run(image, header);
        byte* pixels = null;
        try
        {
            fixed (byte* bytes = image)
            {
                int width, height, components;
                using var stream = new UnmanagedMemoryStream(bytes, image.Length);
                pixels = StbImage.stbi__load_and_postprocess_8bit(
                    new StbImage.stbi__context(stream), &width, &height, &components, (int)ColorComponents.RedGreenBlue);
                if (pixels == null || width != header.Width || height != header.Height)
                {
                    throw ImageException.Damaged(header);
                }
            }

            // Its memory comes from the same malloc as ours.
            return Bitmap.Adopt(ref pixels, header.Width, header.Height);
        }
        catch (Exception exception) when (exception is not (ImageException or OutOfMemoryException))
        {
            // It throws bare exceptions, and on damaged data those of arrays and streams as well.
            throw ImageException.Damaged(header);
        }
        finally
        {
            NativeMemory.Free(pixels);
        }
    }
}
