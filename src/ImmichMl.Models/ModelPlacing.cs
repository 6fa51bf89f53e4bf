namespace ImmichMl.Models;

/// <summary>Puts a finished, verified folder where a model belongs. The old one goes only once the new one is there.</summary>
public static class ModelPlacing
{
    /// <summary>Renames <paramref name="ready"/> to <paramref name="folder"/>; both lie on the cache's file system.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="ready">The new folder, complete.</param>
    /// <param name="folder">Where it belongs. What is there, a file or a folder, is set aside and then deleted.</param>
    public static void Place(string cache, string ready, string folder)
    {
        string parent = Path.GetDirectoryName(folder)!;
        CacheFiles.RefuseLinks(cache, parent);
        if (File.Exists(parent))
        {
            File.Delete(parent); // A file where the folder should be holds no model.
        }

        Directory.CreateDirectory(parent);
        string aside = ready + ".aside";
        Remove(aside);
        bool wasThere = Path.Exists(folder);
        if (wasThere)
        {
            Move(folder, aside);
        }

        try
        {
            Directory.Move(ready, folder);
        }
        catch when (wasThere)
        {
            Move(aside, folder);
            throw;
        }

        Remove(aside);
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
