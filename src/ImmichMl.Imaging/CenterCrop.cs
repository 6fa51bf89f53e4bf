namespace ImmichMl.Imaging;

/// <summary>The geometry of CLIP's preprocessing as Immich has it: the shorter side to the size, then the middle square.</summary>
public static class CenterCrop
{
    /// <summary>The size to resize to, and the square of it that is wanted.</summary>
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
