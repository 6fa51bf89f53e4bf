using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace ImmichMl.Models.Copies;

/// <summary>
/// Which files a prepared copy is made of. Size and time alone do not tell: package managers set every time to the same second.
/// </summary>
public static class SourceIdentity
{
    /// <summary>Of each of a model's files: name, size, times in nanoseconds and inode.</summary>
    public static string Of(string source)
    {
        var told = new StringBuilder();
        foreach (FileInfo file in Files(source).OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            FileStamp stamp = FileStamp.Of(file.FullName) ?? default;
            told.Append(CultureInfo.InvariantCulture, $"{file.Name} {stamp.Size} {stamp.Modified} {stamp.Changed} {stamp.Inode}\n");
        }

        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(told.ToString())));
    }

    /// <summary>Of all its files; those behind links count.</summary>
    public static long BytesOf(string source) => Files(source).Sum(file => FileStamp.Of(file.FullName)?.Size ?? 0);

    /// <summary>Large models keep weights in files beside the graph. None where the folder cannot be read.</summary>
    static FileInfo[] Files(string source)
    {
        try
        {
            FileInfo[] files = new DirectoryInfo(Path.GetDirectoryName(source)!).GetFiles();
            return [.. files.Where(file => file.Extension is not (".json" or ".txt") && !Leftovers.Contain(file.Name))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
