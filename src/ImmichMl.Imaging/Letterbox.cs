namespace ImmichMl.Imaging;

/// <summary>Where a picture lies in a letterbox: at the top left, this large. Detections divided by Scale are in source pixels.</summary>
/// <param name="Width">At least 1, at most the canvas's.</param>
/// <param name="Height">At least 1, at most the canvas's.</param>
/// <param name="Scale">The new height over the old.</param>
public readonly record struct LetterboxPlan(int Width, int Height, double Scale);

/// <summary>In which order the shorter side of a letterbox is calculated, in double; results differ by one pixel now and then.</summary>
public enum LetterboxRounding
{
    /// <summary>canvas / (longer / shorter): Immich up to 2.7.</summary>
    QuotientFirst,

    /// <summary>canvas · shorter / longer: Immich 3.3.</summary>
    ProductFirst,
}

/// <summary>Fits a picture into the top left of a black canvas, keeping its shape, as InsightFace's SCRFD does by cv2.resize.</summary>
/// <remarks>Known difference: a side that comes to nothing is one pixel here, and an error in InsightFace.</remarks>
public static class Letterbox
{
    /// <summary>The longer side, as seen from the canvas, fills it; the other is cut to a whole number and is at least 1.</summary>
    public static LetterboxPlan Plan(
        int width, int height, int canvasWidth, int canvasHeight, LetterboxRounding rounding = LetterboxRounding.QuotientFirst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(canvasWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(canvasHeight);

        var isProductFirst = rounding == LetterboxRounding.ProductFirst;
        var ratio = (double)height / width;
        var (newWidth, newHeight) = ratio > (double)canvasHeight / canvasWidth
            ? (Math.Max(1, (int)(isProductFirst ? (double)((long)canvasHeight * width) / height : canvasHeight / ratio)), canvasHeight)
            : (canvasWidth, Math.Max(1, (int)(isProductFirst ? (double)((long)canvasWidth * height) / width : canvasWidth * ratio)));
        return new(newWidth, newHeight, (double)newHeight / height);
    }

    /// <summary>The canvas as RGB24, which is the caller's to dispose of.</summary>
    /// <param name="source">Stays the caller's.</param>
    /// <param name="plan">Of the same picture and canvas.</param>
    /// <param name="canvasWidth">In pixels.</param>
    /// <param name="canvasHeight">In pixels.</param>
    public static Bitmap Apply(Bitmap source, LetterboxPlan plan, int canvasWidth, int canvasHeight)
    {
        var canvas = Bitmap.Allocate(canvasWidth, canvasHeight);
        try
        {
            BilinearResizer.Resize(source, plan.Width, plan.Height, canvas);
            var right = plan.Width * Bitmap.BytesPerPixel;
            for (var y = 0; y < plan.Height; y++)
            {
                canvas.Row(y)[right..].Clear();
            }

            canvas.Pixels[(plan.Height * canvas.Stride)..].Clear();
            return canvas;
        }
        catch
        {
            canvas.Dispose();
            throw;
        }
    }
}
