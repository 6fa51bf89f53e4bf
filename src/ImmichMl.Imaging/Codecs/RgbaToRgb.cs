namespace ImmichMl.Imaging.Codecs;

/// <summary>Drops the fourth byte of every pixel, in place.</summary>
static unsafe class RgbaToRgb
{
    public static void Compact(byte* pixels, int count)
    {
        // Four pixels are read before three words are written, and the writing never overtakes the reading. Little-endian.
        uint* source = (uint*)pixels, target = (uint*)pixels;
        for (; count >= 4; count -= 4, source += 4, target += 3)
        {
            uint a = source[0], b = source[1], c = source[2], d = source[3];
            target[0] = (a & 0xFFFFFF) | (b << 24);
            target[1] = ((b >> 8) & 0xFFFF) | (c << 16);
            target[2] = ((c >> 16) & 0xFF) | (d << 8);
        }

        byte* from = (byte*)source, to = (byte*)target;
        for (; count > 0; count--, from += 4, to += 3)
        {
            to[0] = from[0];
            to[1] = from[1];
            to[2] = from[2];
        }
    }
}
