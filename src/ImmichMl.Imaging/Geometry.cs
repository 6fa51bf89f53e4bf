namespace ImmichMl.Imaging;

/// <summary>A rectangle of whole pixels; X and Y are the left and top edge.</summary>
public readonly record struct PixelRectangle(int X, int Y, int Width, int Height);
