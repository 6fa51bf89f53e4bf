namespace ImmichMl.Imaging;

/// <summary>A rectangle of whole pixels, from (X, Y) at its top left; (X + Width, Y + Height) lies outside.</summary>
public readonly record struct PixelRectangle(int X, int Y, int Width, int Height);

/// <summary>A pixel of a map or a bitmap, or a corner of a polygon of whole pixels.</summary>
public readonly record struct PixelPoint(int X, int Y);

/// <summary>A position in a picture, in pixels from its top left; single precision, as OpenCV and the models give it.</summary>
public readonly record struct Point2(float X, float Y);

/// <summary>Four corners in the order in which a text line is read: clockwise from the top left.</summary>
public readonly record struct Quad(Point2 TopLeft, Point2 TopRight, Point2 BottomRight, Point2 BottomLeft);

/// <summary>Maps (x, y), in pixels, to (XX·x + XY·y + X, YX·x + YY·y + Y).</summary>
public readonly record struct AffineMatrix(double XX, double XY, double X, double YX, double YY, double Y);
