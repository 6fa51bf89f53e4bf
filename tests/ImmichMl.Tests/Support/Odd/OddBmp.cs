namespace ImmichMl.Tests.Support.Odd;

/// <summary>BMP without some or all of its last row's padding, and with palettes that end before their indices do.</summary>
static class OddBmp
{
    public static byte[] Make(Lcg random)
    {
        var depth = ((int[])[1, 4, 8, 8, 24, 32])[random.Next(6)];
        int width = 1 + random.Next(40), height = 1 + random.Next(20), stride = ((width * depth) + 31) / 32 * 4;
        var colours = depth > 8 ? 0 : random.Next(3) == 0 ? 1 << depth : 1 + random.Next(1 << depth);
        var isShort = depth != 32 && random.Next(6) == 0;
        colours = isShort && depth <= 8 ? 1 << depth : colours;
        byte[] palette = OddPictures.Bytes(random, colours * (isShort ? 3 : 4)), rows = OddPictures.Bytes(random, stride * height);
        var padding = stride - (((width * depth) + 7) / 8);
        rows = rows[..^random.Next(padding + (random.Next(8) == 0 ? 3 : 1))];
        byte[] information = isShort
            ? [12, 0, 0, 0, .. OddPictures.Short(width), .. OddPictures.Short(height), 1, 0, (byte)depth, 0]
            :
            [
                40, 0, 0, 0, .. OddPictures.Little(width), .. OddPictures.Little(random.Next(3) == 0 ? -height : height), 1, 0, (byte)depth,
                0,
                0, 0, 0, 0, .. OddPictures.Little(rows.Length), 0, 0, 0, 0, 0, 0, 0, 0,
                .. OddPictures.Little(colours == 1 << depth && random.Next(2) == 0 ? 0 : colours), 0, 0, 0, 0,
            ];
        var start = 14 + information.Length + palette.Length;
        return [(byte)'B', (byte)'M', .. OddPictures.Little(start + rows.Length), 0, 0, 0, 0, .. OddPictures.Little(start), .. information,
            .. palette, .. rows];
    }
}
