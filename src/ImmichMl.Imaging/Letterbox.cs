namespace ImmichMl.Imaging;

/// <summary>Where a picture lies in a letterbox: at the top left, this large. Detections divided by Scale are in source pixels.</summary>
public readonly record struct LetterboxPlan(int Width, int Height, double Scale);

/// <summary>Fits a picture into the top left of a black canvas, keeping its shape, as InsightFace does it.</summary>
public static class Letterbox
{
    /// <summary>The longer side, as seen from the canvas, fills it; the other is cut to a whole number and is at least 1.</summary>
    public static LetterboxPlan Plan(int width, int height, int canvasWidth, int canvasHeight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(canvasWidth);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(canvasHeight);

        // The original fails where a side comes to nothing; one pixel is kept here.
        var ratio = (double)height / width;
        var (newWidth, newHeight) = ratio > (double)canvasHeight / canvasWidth
            ? (Math.Max(1, (int)(canvasHeight / ratio)), canvasHeight)
            : (canvasWidth, Math.Max(1, (int)(canvasWidth * ratio)));
        return new(newWidth, newHeight, (double)newHeight / height);
    }

    /// <returns>The canvas, which is the caller's to dispose of.</returns>
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
