namespace ImmichMl.Cli.Demo;

/// <summary>
/// Sample pictures, drawn by formula. In a scene, y runs from 0 at the top to 1 at the bottom, and x is measured in the same unit
/// from the middle, so that a centre crop leaves the subject in.
/// </summary>
static class DemoPictures
{
    // Sizes differ so that resizing and cropping have work to do; 403 pixels leave padding at the end of each BMP row.
    public static IReadOnlyList<DemoPicture> Draw() =>
    [
        Bmp("sunset", "sunset", 403, 300, (x, y) => Sunset(x, y, sunX: 0.12, hills: 0.4, rise: 0)),
        Png("sunset-over-other-hills", "sunset", 512, 512, (x, y) => Sunset(x, y, sunX: -0.15, hills: 2.9, rise: 0.09)),
        Png("forest", "forest", 480, 640, (x, y) => Forest(x, y, shift: 0, sky: 0xCFE6DC)),
        Bmp("another-forest", "forest", 320, 240, (x, y) => Forest(x, y, shift: 5, sky: 0xE8EAC0)),
        Bmp("sea", "sea", 360, 240, (x, y) => Sea(x, y, horizon: 0.42, shore: 1.1, boatX: -0.2)),
        Png("another-sea", "sea", 512, 512, (x, y) => Sea(x, y, horizon: 0.36, shore: 0.86, boatX: 0.17)),
        Png("red-circle", "circle", 512, 512, (x, y) => Circle(x, y, 0, 0.5, radius: 0.3, background: 0xE8E4DC)),
        Bmp("smaller-red-circle", "circle", 320, 240, (x, y) => Circle(x, y, 0.14, 0.4, radius: 0.22, background: 0xD2CEC8)),
        Png("night-city", "city", 640, 480, City),
    ];

    static Colour Sunset(double x, double y, double sunX, double hills, double rise)
    {
        var far = 0.68 - rise + (0.05 * Math.Sin((x * 6) + hills)) + (0.02 * Math.Sin((x * 13) + (2 * hills)));
        var near = 0.84 - rise + (0.05 * Math.Sin((x * 4) + (3 * hills)));
        if (y > near)
        {
            return 0x24122E;
        }

        if (y > far)
        {
            return Mix(0x6B2A4F, 0x3D1B41, (y - far) / 0.25);
        }

        var distance = Math.Sqrt(Square(x - sunX) + Square(y - 0.5));
        Colour sky = y < 0.4 ? Mix(0x4A3478, 0xF0713F, y / 0.4) : Mix(0xF0713F, 0xFFC25E, (y - 0.4) / 0.3);
        return distance < 0.11 ? 0xFFF3B8 : Mix(0xFFD27A, sky, (distance - 0.11) / 0.2);
    }

    static Colour Forest(double x, double y, int shift, Colour sky)
    {
        for (var row = 2; row >= 0; row--)
        {
            var spacing = 0.16 + (0.06 * row);
            var nearest = (int)Math.Floor(x / spacing);
            for (var tree = nearest - 1; tree <= nearest + 1; tree++)
            {
                var middle = (tree + 0.5 + (0.3 * (Scatter(tree, row + shift) - 0.5))) * spacing;
                var top = 0.22 + (0.17 * row) + (0.14 * Scatter(tree + 40, row + shift));
                var fallen = y - top;
                // Each tree is a stack of skirts: it widens downwards and jumps back in at every step.
                if (fallen > 0 && Math.Abs(x - middle) < (0.16 * fallen) + (0.3 * (fallen % 0.09)))
                {
                    return Mix(row switch { 0 => 0x6FA06A, 1 => 0x3F7D46, _ => 0x1F5A30 }, 0x17402A, fallen * 0.6);
                }
            }
        }

        return y > 0.75 ? Mix(0x5B8040, 0x35562B, (y - 0.75) * 4) : Mix(sky, 0x9CC7A2, y / 0.75);
    }

    static Colour Sea(double x, double y, double horizon, double shore, double boatX)
    {
        var (right, up) = (x - boatX, horizon + 0.05 - y);
        if (up is > 0.02 and < 0.2 && right > -0.01 && right < (0.2 - up) * 0.6)
        {
            return 0xFAF6EC;
        }

        if (up is > -0.02 and <= 0.015 && Math.Abs(right - 0.03) < 0.09 + up)
        {
            return 0x7A4630;
        }

        if (y < horizon)
        {
            return Mix(0x5FB2E8, 0xD6EEF8, y / horizon);
        }

        var beach = y - shore - (0.03 * Math.Sin((x * 5) + 1));
        if (beach > 0)
        {
            return beach < 0.015 ? 0xF4FAF6 : Mix(0xD9BC86, 0xF0DCAE, beach / 0.15);
        }

        var depth = (y - horizon) / (1 - horizon);
        // Waves come closer together towards the horizon.
        var wave = Math.Sin((34 * Math.Sqrt(depth)) + (0.9 * Math.Sin((x * 14) + (6 * depth))));
        return wave > 0.86 ? Mix(0xA6DCE8, 0xE4F6F6, depth) : Mix(0x2F95B8, 0x0E4C86, depth);
    }

    static Colour Circle(double x, double y, double middleX, double middleY, double radius, Colour background)
    {
        var distance = Math.Sqrt(Square(x - middleX) + Square(y - middleY)) / radius;
        return distance < 1 ? Mix(0xE23A34, 0xC2161F, distance) : Mix(background, 0xFFFFFF, 0.4 * (1 - y));
    }

    static Colour City(double x, double y)
    {
        var block = (int)Math.Floor(x / 0.11);
        var roof = 0.38 + (0.34 * Scatter(block, 7));
        if (y > roof)
        {
            var (across, down) = ((x / 0.11 - block) * 4, (y - roof) * 26);
            var pane = across % 1 is > 0.3 and < 0.8 && down % 1 is > 0.35 and < 0.85;
            return pane && Scatter((block * 4) + (int)across, (int)down) > 0.55 ? 0xF7CF6A : Mix(0x1B2038, 0x0C0F1E, y);
        }

        var moon = Math.Sqrt(Square(x - 0.22) + Square(y - 0.18));
        var star = Scatter((int)Math.Floor(x * 90), (int)(y * 90)) > 0.992;
        return moon < 0.07 ? 0xEFEBD8 : star ? 0xC8D0F0 : Mix(0x070A20, 0x25305E, y / 0.7);
    }

    static DemoPicture Bmp(string name, string family, int width, int height, Func<double, double, Colour> scene) =>
        new(name, family, DemoPicture.EncodeBmp(width, height, Paint(width, height, scene)));

    static DemoPicture Png(string name, string family, int width, int height, Func<double, double, Colour> scene) =>
        new(name, family, DemoPicture.EncodePng(width, height, Paint(width, height, scene)));

    static byte[] Paint(int width, int height, Func<double, double, Colour> scene)
    {
        var rgb = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            var colour = scene(((i % width) + 0.5 - (width / 2.0)) / height, ((i / width) + 0.5) / height);
            (rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2]) = (colour.R, colour.G, colour.B);
        }

        return rgb;
    }

    /// <summary>A fixed number in [0, 1) for each cell, without a pattern that the eye would see.</summary>
    static double Scatter(int a, int b)
    {
        var mixed = unchecked(((uint)a * 0x9E3779B1u) ^ ((uint)b * 0x85EBCA77u));
        mixed = unchecked((mixed ^ (mixed >> 15)) * 0xC2B2AE3Du);
        return (mixed >> 8) / (double)(1 << 24);
    }

    static double Square(double value) => value * value;

    static Colour Mix(Colour from, Colour to, double share)
    {
        var t = Math.Clamp(share, 0, 1);
        return new Colour(Blend(from.R, to.R), Blend(from.G, to.G), Blend(from.B, to.B));

        byte Blend(byte a, byte b) => (byte)Math.Round(a + ((b - a) * t));
    }

    readonly record struct Colour(byte R, byte G, byte B)
    {
        public static implicit operator Colour(int hex) => new((byte)(hex >> 16), (byte)(hex >> 8), (byte)hex);
    }
}
