using System.Text;

namespace ImmichMl.Cli;

/// <summary>Pictures and texts that a user names for a comparison, and how much of them is taken.</summary>
static class GivenInputs
{
    public const int MostPictures = 1000, MostQueries = 1000;

    const long MostQueryBytes = 1_000_000;

    /// <summary>Files, and those in folders, without the folders in them.</summary>
    public static string[] Pictures(IEnumerable<string> paths) => [.. paths.SelectMany(FilesOf).Take(MostPictures)];

    static IEnumerable<string> FilesOf(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path).Order(StringComparer.Ordinal) : [path];

    /// <param name="path">Of the picture.</param>
    /// <param name="mostBytes">It may have.</param>
    /// <returns>Null for a pipe or a device, and for what has more bytes.</returns>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static byte[]? ReadPicture(string path, int mostBytes)
    {
        try
        {
            return ModelFile.ReadAll(path, mostBytes);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Queries, one a line; empty lines are none, and what comes twice counts once.</summary>
    /// <exception cref="FormatException">It is no file that a person wrote queries into.</exception>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static string[] Queries(string path)
    {
        try
        {
            string[] lines = Encoding.UTF8.GetString(ModelFile.ReadAll(path, MostQueryBytes)).TrimStart('\uFEFF').Split('\n');
            return [.. lines.Select(line => line.Trim()).Where(line => line.Length > 0).Distinct().Take(MostQueries)];
        }
        catch (InvalidDataException e)
        {
            throw new FormatException($"Queries are one in a line of a file: {e.Message}");
        }
    }
}
