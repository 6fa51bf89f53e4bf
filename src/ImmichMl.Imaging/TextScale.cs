namespace ImmichMl.Imaging;

/// <summary>What a text detector is shown: a picture scaled to Width × Height, at the top left of a black canvas.</summary>
public readonly record struct TextCanvas(int CanvasWidth, int CanvasHeight, int Width, int Height);

/// <summary>The sizes that Immich 3.3 scales a picture to before its text detector; all in pixels, all multiples of 32.</summary>
public static class TextScale
{
    /// <summary>Under it a side has no text, and no scaled side is shorter.</summary>
    public const int Multiple = 32;

    // Longer over shorter side of the canvases that runtimes with fixed shapes are given.
    static readonly double[] s_shapes = [4 / 3.0, 3 / 2.0, 16 / 9.0, 2];

    /// <summary>The shorter side to at most maxResolution, then each side rounded, half to even, on its unrounded product.</summary>
    /// <param name="width">Of the picture, at least 1.</param>
    /// <param name="height">Of the picture, at least 1.</param>
    /// <param name="maxResolution">Of the shorter side; 0 and less give 32 × 32.</param>
    public static (int Width, int Height) Plan(int width, int height, int maxResolution)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var ratio = Math.Min((double)maxResolution / Math.Min(width, height), 1);
        return (Round(width * ratio), Round(height * ratio));
    }

    /// <summary>The canvases of fixed shapes: the square, then each shape upright and lying.</summary>
    public static IReadOnlyList<(int Width, int Height)> Canvases(int maxResolution) =>
    [
        (maxResolution, maxResolution),
        .. s_shapes.Select(shape => (int)Math.Ceiling(maxResolution * shape / Multiple) * Multiple)
            .SelectMany(longer => new[] { (maxResolution, longer), (longer, maxResolution) }),
    ];

    /// <summary>The canvas that shrinks the picture least, of those the smallest, of those the first; shrunk once more to fit it.</summary>
    /// <param name="width">Of the picture, at least 1.</param>
    /// <param name="height">Of the picture, at least 1.</param>
    /// <param name="maxResolution">A positive multiple of 32.</param>
    public static TextCanvas PlanFixed(int width, int height, int maxResolution)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxResolution, Multiple);
        ArgumentOutOfRangeException.ThrowIfNotEqual(maxResolution % Multiple, 0);
        var (wide, high) = Plan(width, height, maxResolution);
        double Shrink((int Width, int Height) canvas) =>
            Math.Min(1, Math.Min((double)canvas.Width / wide, (double)canvas.Height / high));
        var canvas = Canvases(maxResolution).OrderByDescending(Shrink).ThenBy(canvas => (long)canvas.Width * canvas.Height).First();
        var shrink = Shrink(canvas);
        return shrink < 1
            ? new(canvas.Width, canvas.Height, Math.Min(Round(wide * shrink), canvas.Width), Math.Min(Round(high * shrink), canvas.Height))
            : new(canvas.Width, canvas.Height, wide, high);
    }

    static int Round(double side) => (int)Math.Max(Math.Round(side / Multiple) * Multiple, Multiple);
}
