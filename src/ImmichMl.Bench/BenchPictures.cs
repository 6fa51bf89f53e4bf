using ImmichMl.Imaging;

namespace ImmichMl.Bench;

/// <summary>The pictures of a load: the user's own, or drawn here with the detail that photographs have, so that they weigh and decode alike.</summary>
static class BenchPictures
{
    static readonly string[] s_endings = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];

    /// <summary>Files as they are named, and of folders all that are called like a picture.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static IReadOnlyList<byte[]> Load(IEnumerable<string> paths)
    {
        string[] files =
        [
            .. paths.SelectMany(path => Directory.Exists(path)
                ? Directory.EnumerateFiles(path).Where(file => s_endings.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal)
                : (IEnumerable<string>)[path]),
        ];
        return files.Length > 0 ? [.. files.Select(File.ReadAllBytes)] : throw new FormatException("There is no picture in the folders of --pictures.");
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
