namespace ImmichMl.Models.Copies;

/// <summary>
/// Removes prepared copies that no load will take again, and what a preparation that was killed left. Those of a model that is gone go
/// at once, those of a model that was replaced after a day; all others once nobody has used them for a week, since another daemon on the
/// same cache may have another ONNX Runtime, or run on another processor.
/// </summary>
/// <param name="root">
/// The folder of all copies: PROCESSOR/TASK/NAME/TYPE/STAMP below it, or PROCESSOR/TASK/NAME/REVISION/TYPE/STAMP.
/// </param>
/// <param name="processor">This one.</param>
/// <param name="currentName">
/// By a model's folder, such as TASK/NAME/TYPE: the stamp of the copy that a load would take here; null where the model is gone.
/// </param>
public sealed class StaleCopies(string root, string processor, Func<string, string?> currentName)
{
    /// <summary>Of the folder in which a copy is made, until it is whole and gets its name.</summary>
    public const string AsidePrefix = "new-";

    static readonly TimeSpan s_unused = TimeSpan.FromDays(7);
    static readonly TimeSpan s_replaced = TimeSpan.FromDays(1);
    static readonly TimeSpan s_left = TimeSpan.FromHours(6);

    /// <returns>The folders that went, as they stood below the root.</returns>
    public IReadOnlyList<string> Remove(DateTime now)
    {
        var removed = new List<string>();
        foreach (string folder in Below(root, 3).SelectMany(TypesOf))
        {
            foreach (string copy in Inside(folder, Directory.GetDirectories))
            {
                string name = Path.GetRelativePath(root, copy);
                if (IsStale(name.Split(Path.DirectorySeparatorChar), now - Directory.GetLastWriteTimeUtc(copy)) && TryDelete(copy))
                {
                    removed.Add(name);
                }
            }

            // Locks, and what is remembered of failed tries.
            foreach (string file in Inside(folder, Directory.GetFiles).Where(file => now - File.GetLastWriteTimeUtc(file) > s_unused))
            {
                TryDelete(file);
            }

            RemoveEmpty(folder);
        }

        return removed;
    }

    bool IsStale(string[] names, TimeSpan unused)
    {
        if (names[^1].StartsWith(AsidePrefix, StringComparison.Ordinal))
        {
            return unused > s_left;
        }

        if (names[0] != processor)
        {
            return unused > s_unused;
        }

        return currentName(Path.Combine(names[1..^1])) is not { } current
            || (current != names[^1] && unused > (VersionOf(current) == VersionOf(names[^1]) ? s_replaced : s_unused));
    }

    /// <summary>Of ONNX Runtime and of the rules that a graph is rewritten by: all of a stamp but the source's identity.</summary>
    static string VersionOf(string stamp) => stamp[..(stamp.LastIndexOf('-') + 1)];

    void RemoveEmpty(string folder)
    {
        while (folder != root && !Directory.EnumerateFileSystemEntries(folder).Any() && TryDelete(folder))
        {
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    /// <summary>Folders of types in one of a name, and in those of its revisions.</summary>
    static IEnumerable<string> TypesOf(string model) => Below(model, 1).SelectMany(folder =>
        ModelRevision.IsFolder(Path.GetFileName(folder)) ? Below(folder, 1) : [folder]);

    static IEnumerable<string> Below(string folder, int depth)
    {
        string[] inside = Inside(folder, Directory.GetDirectories);
        return depth == 1 ? inside : inside.SelectMany(each => Below(each, depth - 1));
    }

    /// <summary>Links are not followed.</summary>
    static string[] Inside(string folder, Func<string, string[]> list)
    {
        try
        {
            return FileStamp.Of(folder, followLinks: false) is { IsFolder: true } ? list(folder) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static bool TryDelete(string path)
    {
        try
        {
            CacheWriter.Remove(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // Next time.
        }
    }
}
