using System.Globalization;
using System.Text;

namespace ImmichMl.Models;

/// <summary>
/// Which files a model is, as the kernel tells of them: whatever writes to one or puts another in its place changes it (FileStamp).
/// Tokenizers and settings of preprocessing count, which a prepared copy does not ask for.
/// </summary>
public static class ModelIdentity
{
    // A model's other forms lie two folders below, and a text model's config.json in the folder above.
    static readonly EnumerationOptions s_below = new()
    {
        RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.Hidden, IgnoreInaccessible = false,
    };

    /// <param name="folder">A model's own (<see cref="ModelStore.FolderOf(ModelKey)"/>).</param>
    /// <returns>A line for each file; null where they cannot be looked at, or there are none.</returns>
    public static string? Of(string folder)
    {
        try
        {
            var told = new StringBuilder();
            string above = Path.Combine(Path.GetDirectoryName(folder)!, "config.json");
            foreach (string file in Directory.GetFiles(folder, "*", s_below).Order(StringComparer.Ordinal).Append(above))
            {
                if (FileStamp.Of(file) is { } stamp)
                {
                    told.Append(
                        CultureInfo.InvariantCulture,
                        $"{file} {stamp.Size} {stamp.Modified} {stamp.Changed} {stamp.Inode} {stamp.Device}\n");
                }
            }

            return told.Length > 0 ? told.ToString() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
