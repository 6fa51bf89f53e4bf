namespace ImmichMl.Service;

/// <summary>The folders of the control groups above this process, as it sees them (cgroups v1 and v2).</summary>
public static class ControlGroups
{
    /// <summary>From the innermost group to the outermost that can be seen.</summary>
    /// <param name="proc">Where the kernel tells of processes: /proc.</param>
    /// <param name="controller">A controller's name; version 2 has one hierarchy for all, called "".</param>
    public static IEnumerable<string> Above(string proc, string controller)
    {
        if (PathOf(proc, controller) is not { } path || MountOf(proc, controller) is not var (root, folder))
        {
            yield break;
        }

        // A container without a namespace of its own sees the host's path and, mounted, only what lies below its own group.
        string below = path == root || root == "/" ? path[(root == "/" ? 0 : root.Length)..]
            : path.StartsWith(root + "/", StringComparison.Ordinal) ? path[root.Length..] : "";
        string[] names = below.Contains("..", StringComparison.Ordinal) ? [] : below.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int depth = names.Length; depth >= 0; depth--)
        {
            string group = Path.Combine([folder, .. names[..depth]]);
            if (Directory.Exists(group))
            {
                yield return group;
            }
        }
    }

    /// <summary>A line is "number:controllers:path".</summary>
    static string? PathOf(string proc, string controller) =>
        Lines(Path.Combine(proc, "self/cgroup")).Select(line => line.Split(':', 3))
            .FirstOrDefault(parts => parts.Length == 3 && parts[1].Split(',').Contains(controller))?[2];

    /// <summary>A line is "id parent major:minor root folder options … - kind source superoptions".</summary>
    static (string Root, string Folder)? MountOf(string proc, string controller)
    {
        foreach (string line in Lines(Path.Combine(proc, "self/mountinfo")))
        {
            string[] halves = line.Split(" - ", 2);
            string[] mount = halves[0].Split(' ');
            string[] system = halves.Length == 2 ? halves[1].Split(' ') : [];
            bool isIt = system.Length >= 3 && mount.Length >= 5
                && (controller.Length == 0 ? system[0] == "cgroup2" : system[0] == "cgroup" && system[2].Split(',').Contains(controller));
            if (isIt)
            {
                return (mount[3], mount[4].Replace("\\040", " ", StringComparison.Ordinal));
            }
        }

        return null;
    }

    static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
