namespace ImmichMl.Imaging;

/// <summary>How Immich 3.3 fits a text line that has been cut out into a recognizer's input of 48 rows; all in pixels.</summary>
/// <param name="IsTurned">Upright: to be turned by 90° counter-clockwise first.</param>
/// <param name="Ratio">Width over height as the line is read, so after turning.</param>
public readonly record struct TextLineShape(bool IsTurned, double Ratio)
{
    /// <summary>Rows of the input.</summary>
    public const int Height = 48;

    const int LeastWidth = 224;
    const int MostWidth = 2048;

    // What runtimes with fixed shapes are given.
    static readonly int[] s_widths = [LeastWidth, 320, 448, 640, 1280, MostWidth];

    /// <param name="width">Of the line as it was cut out, at least 1.</param>
    /// <param name="height">Of the line as it was cut out, at least 1.</param>
    public static TextLineShape Of(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var isTurned = 2L * height >= 3L * width;
        return new(isTurned, isTurned ? (double)height / width : (double)width / height);
    }

    /// <summary>Of the input where its width is free, which holds this line alone.</summary>
    public int InputWidth =>
        Math.Clamp((int)Math.Min(Math.Ceiling(1.25 * Math.Truncate(Height * Ratio)), MostWidth), LeastWidth, MostWidth);

    /// <summary>Of the input where its width is one of few: the narrowest that holds this line, the widest of its batch.</summary>
    public int FixedInputWidth
    {
        get
        {
            var whole = Math.Truncate(Height * Ratio);
            return s_widths.FirstOrDefault(width => width >= whole, MostWidth);
        }
    }

    /// <summary>Of the scaled text at the left of an input so wide; the rest is padding.</summary>
    public int TextWidth(int inputWidth) => (int)Math.Max(1, Math.Min(Math.Ceiling(Height * Ratio), inputWidth));
}
