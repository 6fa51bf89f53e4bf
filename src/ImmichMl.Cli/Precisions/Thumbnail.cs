namespace ImmichMl.Cli.Precisions;

/// <summary>A small JPEG of a picture.</summary>
static class Thumbnail
{
    /// <summary>Of its longer side, in pixels.</summary>
    const int Side = 176;

    /// <returns>Null for what is no picture that can be read, or where the codec that writes is missing.</returns>
    public static byte[]? Of(string path, ImageLimits limits)
    {
        try
        {
            if (GivenInputs.ReadPicture(path, limits.MaxBytes) is not { } image)
            {
                return null;
            }

            using Bitmap whole = ImageDecoder.Decode(image, ImageHeader.Read(image, limits), limits.ChosenCodec);
            LetterboxPlan plan = Letterbox.Plan(whole.Width, whole.Height, Side, Side);
            using Bitmap small = Resampler.Resize(whole, plan.Width, plan.Height, ResampleFilter.Box);
            return PictureFile.Encode(small, PictureFormat.Jpeg);
        }
        catch (Exception e) when (e is ImageException or IOException or DllNotFoundException or TypeInitializationException
            or InvalidOperationException or OutOfMemoryException)
        {
            return null;
        }
    }
}
