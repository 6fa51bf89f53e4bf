namespace ImmichMl.Inference.Sessions;

/// <summary>
/// Removes prepared copies that no load will take again: of another ONNX Runtime, of a model that is gone, and what a preparation that
/// was killed left. Another processor's go once nobody has used them for a week: machines may share a cache.
/// </summary>
/// <param name="root">The folder of all copies: PROCESSOR/TASK/NAME/TYPE/STAMP below it.</param>
/// <param name="processor">This one.</param>
/// <param name="version">Of ONNX Runtime: what a stamp begins with.</param>
sealed class StaleCopies(string root, string processor, string version)
{
    static readonly TimeSpan s_unused = TimeSpan.FromDays(7);
    static readonly TimeSpan s_left = TimeSpan.FromHours(1);

    /// <returns>The folders that went, as they stood below the root.</returns>
    public IReadOnlyList<string> Remove(DateTime now)
    {
        var removed = new List<string>();
        foreach (string copy in Below(root, 5))
        {
            string name = Path.GetRelativePath(root, copy);
            if (IsStale(name.Split(Path.DirectorySeparatorChar), now - Directory.GetLastWriteTimeUtc(copy)) && TryDelete(copy))
            {
                removed.Add(name);
                RemoveEmpty(Path.GetDirectoryName(copy)!);
            }
        }

        return removed;
    }

    bool IsStale(string[] names, TimeSpan unused)
    {
        if (names[4].StartsWith("new-", StringComparison.Ordinal))
        {
            return unused > s_left;
        }

        string model = Path.Combine(Path.GetDirectoryName(root)!, names[1], names[2], names[3]);
        return names[0] == processor
            ? !names[4].StartsWith($"{version}-", StringComparison.Ordinal) || !Directory.Exists(model)
            : unused > s_unused;
    }

    void RemoveEmpty(string folder)
    {
        while (folder != root && !Directory.EnumerateFileSystemEntries(folder).Any() && TryDelete(folder))
        {
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    static IEnumerable<string> Below(string folder, int depth)
    {
        string[] inside;
        try
        {
            inside = Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            inside = [];
        }

        return depth == 1 ? inside : inside.SelectMany(each => Below(each, depth - 1));
    }

    static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // Next time.
        }
    }
}
