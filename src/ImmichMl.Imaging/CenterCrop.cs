namespace ImmichMl.Imaging;

/// <summary>
/// The geometry of CLIP's preprocessing as Immich has it (open_clip's resize_mode shortest): the shorter side to the size, then the middle
/// square.
/// </summary>
public static class CenterCrop
{
    /// <summary>The size to resize to, and the square of it that is wanted; all in pixels.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side or the size is under 1.</exception>
    /// <exception cref="OverflowException">The longer side would pass 31 bits.</exception>
    public static (int Width, int Height, PixelRectangle Region) Plan(int width, int height, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);

        // Python's int() cuts toward zero, and its division is in double; so it is here.
        var (resizedWidth, resizedHeight) = width < height
            ? (size, checked((int)((double)height / width * size)))
            : (checked((int)((double)width / height * size)), size);
        return (resizedWidth, resizedHeight, new(Offset(resizedWidth, size), Offset(resizedHeight, size), size, size));
    }

    static int Offset(int side, int size) => (int)((side / 2.0) - (size / 2.0));
}
