using ImmichMl.Imaging;

namespace ImmichMl.Bench;

/// <summary>The pictures of a load: the user's own, or drawn here with the detail of photographs, to weigh and decode alike.</summary>
public static class BenchPictures
{
    static readonly string[] s_endings = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];

    /// <summary>Files as they are named, and of folders all that are called like a picture.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static IReadOnlyList<byte[]> Load(IEnumerable<string> paths)
    {
        string[] files =
        [
            .. paths.SelectMany(path => !Directory.Exists(path) ? (IEnumerable<string>)[path] : Directory.EnumerateFiles(path)
                .Where(file => s_endings.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal)),
        ];
        return files.Length > 0
            ? [.. files.Select(File.ReadAllBytes)] : throw new FormatException("There is no picture in the folders of --pictures.");
    }

    public static IReadOnlyList<byte[]> Draw(int count, int width, int height, PictureFormat format) =>
        [.. Enumerable.Range(1, count).Select(seed => DrawOne(seed, width, height, format))];

    static byte[] DrawOne(int seed, int width, int height, PictureFormat format)
    {
        using var bitmap = Bitmap.Allocate(width, height);
        var noise = new ValueNoise((uint)seed);
        double scale = 4.0 / Math.Max(width, height);
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = bitmap.Row(y);
            for (int x = 0; x < width; x++)
            {
                double light = noise.Octaves(x * scale, y * scale);
                double hue = noise.At((x * scale * 0.5) + 40, (y * scale * 0.5) + 40);
                row[(3 * x) + 0] = Level(light, hue, 0.9);
                row[(3 * x) + 1] = Level(light, hue, 0.2);
                row[(3 * x) + 2] = Level(light, hue, -0.7);
            }
        }

        return PictureFile.Encode(bitmap, format);
    }

    static byte Level(double light, double hue, double share) => (byte)Math.Clamp(40 + (180 * light) + (90 * share * (hue - 0.5)), 0, 255);
}

/// <summary>Smooth random values on a plane, the same for the same seed.</summary>
sealed class ValueNoise(uint seed)
{
    // Each octave so much weaker than the one before: with that, a picture as JPEG is about as large as a photograph.
    const double Fading = 0.8;
    const int Count = 8;

    /// <summary>Coarse shapes with ever finer detail on them, 0 to 1 in all.</summary>
    public double Octaves(double x, double y)
    {
        double sum = 0, strength = (1 - Fading) / (1 - Math.Pow(Fading, Count));
        for (int octave = 0; octave < Count; octave++)
        {
            sum += strength * At(x, y);
            (x, y, strength) = ((x * 2) + 17, (y * 2) + 31, strength * Fading);
        }

        return sum;
    }

    /// <summary>Between the values of the four corners of the cell.</summary>
    public double At(double x, double y)
    {
        int column = (int)Math.Floor(x), row = (int)Math.Floor(y);
        double right = Smooth(x - column), down = Smooth(y - row);
        double above = Corner(column, row) + (right * (Corner(column + 1, row) - Corner(column, row)));
        double below = Corner(column, row + 1) + (right * (Corner(column + 1, row + 1) - Corner(column, row + 1)));
        return above + (down * (below - above));
    }

    static double Smooth(double part) => part * part * (3 - (2 * part));

    double Corner(int column, int row)
    {
        uint mixed = unchecked(((uint)column * 0x9E3779B1u) ^ ((uint)row * 0x85EBCA77u) ^ (seed * 0xC2B2AE3Du));
        mixed = unchecked((mixed ^ (mixed >> 15)) * 0x2C1B3C6Du);
        return ((mixed ^ (mixed >> 13)) >> 8) / (double)(1 << 24);
    }
}
