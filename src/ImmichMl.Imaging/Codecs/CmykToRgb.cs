namespace ImmichMl.Imaging.Codecs;

/// <summary>Inverted CMYK, as JPEG files hold it with or without Adobe's marker, to RGB as Pillow does it; in place.</summary>
static unsafe class CmykToRgb
{
    public static void Compact(byte* pixels, int count)
    {
        byte* from = pixels, to = pixels;
        for (; count > 0; count--, from += 4, to += Bitmap.BytesPerPixel)
        {
            var black = from[3];
            (to[0], to[1], to[2]) = (Mix(from[0], black), Mix(from[1], black), Mix(from[2], black));
        }
    }

    // Pillow's complement of (255 - v) * k / 255, rounded in the same place.
    static byte Mix(byte value, byte black) => (byte)(black - ((((255 - value) * black) + 127) / 255));
}
