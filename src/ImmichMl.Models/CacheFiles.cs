namespace ImmichMl.Models;

/// <summary>Paths below a folder that come from outside: they stay below it, whatever they say.</summary>
public static class CacheFiles
{
    /// <summary>The terms of a fetched model, beside it, in words.</summary>
    public const string TermsFileName = "TERMS.txt";

    /// <summary>Of a model, in front of its types' folders.</summary>
    public const string ConfigFileName = "config.json";

    /// <summary>TASK/NAME/REVISION/TYPE/rknpu/CHIP/SIZE/FILE.</summary>
    const int MaxDepth = 8;
    const int MaxPathLength = 300;

    /// <summary>True for a relative path of plain names: no dot folders, no backslash, no control characters.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= MaxPathLength && path.Split('/') is { Length: <= MaxDepth } parts
        && parts.All(part => part.Length > 0 && part[0] != '.' && !part.Any(letter => letter is '\\' or ':' || char.IsControl(letter)));

    /// <summary>
    /// True for a file of a model, of whatever revision, in the layout of a cache; the rest of a cache, such as a downloader's notes, is
    /// nobody's model.
    /// </summary>
    public static bool IsOfModel(string path) =>
        IsSafe(path) && path.Split('/') is [var task, var name, .. var inner] && ModelKey.IsClean(name)
        && IsOfModel(task, inner is [var first, .. var deeper] && ModelRevision.IsFolder(first) ? deeper : inner);

    static bool IsOfModel(string task, string[] inner) => inner is [ConfigFileName]
        ? ModelKind.All.Any(kind => kind.Task == task)
        : inner is [var type, .. var file] && ModelKind.All.Contains(new ModelKind(task, type))
            && file is [not (ModelRecord.FileName or TermsFileName), ..] && !Leftovers.Contain(string.Join('/', file));

    /// <summary>True for a path that stays below the folder it is joined to.</summary>
    public static bool StaysBelow(string path) => path.Length > 0 && path[0] != '/' && !path.Split('/').Contains("..");

    /// <exception cref="ModelException">The path leads out of the folder.</exception>
    public static string Resolve(string folder, string path) => IsSafe(path)
        ? Path.Combine(folder, path)
        : throw new ModelException(ModelFault.Unusable, $"A file of the model has a name that leads elsewhere: {Printable(path)}");

    /// <summary>Model files below a type's folder, in order, without our own and the service's; links are not followed.</summary>
    public static IEnumerable<FileInfo> Below(string folder) =>
        AllBelow(folder)
            .Where(file => file.Name is not (ModelRecord.FileName or TermsFileName)
                && !Leftovers.Contain(Path.GetRelativePath(folder, file.FullName)))
            .OrderBy(file => file.FullName, StringComparer.Ordinal);

    /// <summary>Every file below a folder, whosever; links are not followed.</summary>
    public static IEnumerable<FileInfo> AllBelow(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions
    {
        RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false,
    });

    /// <exception cref="ModelException">Something on the way from the cache to the file is a link that leads out of the cache.</exception>
    public static void RefuseLinks(string cache, string path)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(cache));
        for (string? at = Path.GetFullPath(path); at is not null && at.Length > root.Length; at = Path.GetDirectoryName(at))
        {
            FileSystemInfo? target = ResolveLink(at);
            if (target is not null && !target.FullName.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new ModelException(ModelFault.Unusable, $"{at} is a link that leads out of the cache; it is not followed.");
            }
        }
    }

    static FileSystemInfo? ResolveLink(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true);
        }
        catch (IOException)
        {
            return null; // A link in a circle cannot be opened either.
        }
    }

    static string Printable(string path) => new([.. path.Take(80).Select(letter => char.IsControl(letter) ? '?' : letter)]);
}
