namespace ImmichMl.Tests.Architecture;

/// <summary>The files of the checkout that people write; what .gitignore names is left out.</summary>
static class SourceTree
{
    static readonly string[] s_ignored =
    [
        ".git", .. File.ReadLines(Path.Combine(Repository.Root, ".gitignore")).Select(line => line.Trim())
        .Where(line => line.Length > 0 && line[0] != '#'),
    ];

    /// <summary>Names in the root folder, of folders or of files.</summary>
    public static IEnumerable<string> RootEntries(bool folders)
    {
        var root = new DirectoryInfo(Repository.Root);
        IEnumerable<FileSystemInfo> entries = folders ? root.EnumerateDirectories() : root.EnumerateFiles();
        return entries.Select(entry => entry.Name).Where(name => !IsIgnored(name));
    }

    /// <summary>Files below these folders of the root that end so; golden data are not meant.</summary>
    public static IEnumerable<FileInfo> Files(IEnumerable<string> folders, params string[] endings) =>
        from folder in folders
        let directory = new DirectoryInfo(Path.Combine(Repository.Root, folder))
        where directory.Exists
        from file in Below(directory)
        where endings.Contains(file.Extension)
        select file;

    /// <summary>Path from the root.</summary>
    public static string Name(FileInfo file) => Path.GetRelativePath(Repository.Root, file.FullName);

    static IEnumerable<FileInfo> Below(DirectoryInfo folder) =>
        folder.EnumerateFiles().Concat(folder.EnumerateDirectories().Where(inner => !IsIgnored(inner.Name) && inner.Name != "golden")
            .SelectMany(Below));

    /// <summary>As much of .gitignore's language as ours uses: a name, a name with a slash behind, an ending after a star.</summary>
    static bool IsIgnored(string name) =>
        s_ignored.Any(pattern => pattern[0] == '*' ? name.EndsWith(pattern[1..], StringComparison.Ordinal) : name == pattern.TrimEnd('/'));
}
