namespace ImmichMl.Models;

/// <summary>Installs a finished, verified folder as a model. The old one goes only once the new one is there.</summary>
public static class CacheWriter
{
    const string AsideFolder = ".aside";

    /// <summary>Renames <paramref name="ready"/> to <paramref name="folder"/>; both lie on the cache's file system.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="ready">The new folder, complete.</param>
    /// <param name="folder">Where it belongs, be there a folder, a file or nothing.</param>
    /// <param name="keep">What is there and was not fetched is kept in CACHE/.aside: it may be somebody's own. Else it is deleted.</param>
    public static void Install(string cache, string ready, string folder, bool keep)
    {
        MakeFolder(cache, Path.GetDirectoryName(folder)!);
        string old = ready + ".old";
        if (Path.Exists(old))
        {
            Discard(cache, old, folder, keep); // Of a process that was killed in the middle of this.
        }

        bool wasThere = Path.Exists(folder);
        if (wasThere)
        {
            Move(folder, old);
        }

        try
        {
            Directory.Move(ready, folder);
        }
        catch when (wasThere)
        {
            Move(old, folder);
            throw;
        }

        if (wasThere)
        {
            Discard(cache, old, folder, keep);
        }
    }

    /// <summary>Puts a file where it belongs in one step, whatever is there.</summary>
    public static void InstallFile(string cache, string from, string to)
    {
        if (Directory.Exists(to))
        {
            SetAside(cache, to);
        }

        string parent = Path.GetDirectoryName(to)!;
        MakeFolder(cache, parent);
        string aside = Path.Combine(parent, $".{Path.GetFileName(to)}.{Environment.ProcessId}");
        File.Copy(from, aside, overwrite: true);
        File.Move(aside, to, overwrite: true);
    }

    /// <summary>A folder of a model, and those above it; a file in the place of one is kept in CACHE/.aside.</summary>
    static void MakeFolder(string cache, string folder)
    {
        CacheFiles.RefuseLinks(cache, folder);
        for (string at = folder; at.Length > cache.Length; at = Path.GetDirectoryName(at)!)
        {
            if (File.Exists(at))
            {
                SetAside(cache, at);
            }
        }

        Directory.CreateDirectory(folder);
    }

    /// <summary>Moves what is in a model's way to CACHE/.aside, where nobody looks for models.</summary>
    static void SetAside(string cache, string path) => SetAside(cache, path, path);

    static void Discard(string cache, string path, string was, bool keep)
    {
        bool isEmpty = Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any();
        if (!keep || isEmpty || ModelRecord.Read(path)?.Origin == ModelRecord.Fetched)
        {
            Remove(path);
            return;
        }

        SetAside(cache, path, was);
    }

    static void SetAside(string cache, string path, string was)
    {
        string aside = Path.Combine(cache, AsideFolder, Path.GetRelativePath(cache, was));
        Directory.CreateDirectory(Path.GetDirectoryName(aside)!);
        Move(path, Enumerable.Range(1, int.MaxValue - 1).Select(number => $"{aside}-{number}").First(free => !Path.Exists(free)));
    }

    /// <summary>Deletes what is there, be it a folder, a file or nothing. A link goes without what it points at.</summary>
    public static void Remove(string path)
    {
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
        {
            Directory.Delete(path, recursive: true);
        }
        else if (Directory.Exists(Path.GetDirectoryName(path)))
        {
            File.Delete(path);
        }
    }

    static void Move(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Move(from, to);
        }
        else
        {
            Directory.Move(from, to);
        }
    }
}
