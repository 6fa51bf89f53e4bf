namespace ImmichMl.Imaging;

/// <summary>Turns pixels into the NCHW float32 planes of a batch of one, rounding where NumPy's float32 rounds.</summary>
public static class TensorWriter
{
    const int Levels = 256;

    /// <summary>Writes (v / 255 - mean) / std per channel.</summary>
    /// <param name="bitmap">The picture; width times height is the size of a plane.</param>
    /// <param name="mean">Three values, red first, on the scale 0 to 1.</param>
    /// <param name="std">Three values, red first.</param>
    /// <param name="tensor">Exactly three planes.</param>
    public static void WriteStandardized(Bitmap bitmap, ReadOnlySpan<float> mean, ReadOnlySpan<float> std, Span<float> tensor)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        var plane = bitmap.Width * bitmap.Height;
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, Bitmap.BytesPerPixel);
        ArgumentOutOfRangeException.ThrowIfNotEqual(std.Length, Bitmap.BytesPerPixel);
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Length, Bitmap.BytesPerPixel * plane);

        Span<float> table = stackalloc float[Bitmap.BytesPerPixel * Levels];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = (((i % Levels) / 255f) - mean[i / Levels]) / std[i / Levels];
        }

        Span<float> reds = table[..Levels], greens = table.Slice(Levels, Levels), blues = table.Slice(2 * Levels, Levels);
        Span<float> red = tensor[..plane], green = tensor.Slice(plane, plane), blue = tensor.Slice(2 * plane, plane);
        var pixels = bitmap.Pixels;
        for (int i = 0, p = 0; i < red.Length; i++, p += Bitmap.BytesPerPixel)
        {
            red[i] = reds[pixels[p]];
            green[i] = greens[pixels[p + 1]];
            blue[i] = blues[pixels[p + 2]];
        }
    }
}
