using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml models rm: frees a model's space on disk.</summary>
static class ModelsRemoveCommand
{
    public static Command Create() => ModelNames.Verb(
        "rm", "Delete models from the cache and say how much that freed.", needsNames: true, static (models, _, _) =>
        {
            long freed = 0;
            foreach (ModelKey key in models.Chosen)
            {
                // A language's name may share its detector with others: it goes with the name that owns the folder.
                string folder = models.Store.Find(key);
                ModelPlace place = models.Store.PlaceOf(key);
                if (place.Name != key.Name)
                {
                    continue;
                }

                using ModelLock held = ModelLock.TryTake(models.Cache, place, TimeProvider.System)
                    ?? throw new OperatorException($"{key} is being fetched or imported by another process, which "
                        + $"{ModelLock.PathOf(models.Cache, place)} names.");
                freed += Remove(folder);
                CacheWriter.Remove(Path.Combine(models.Cache, ".partial", place.Path));
                freed += RemoveEmpty(Path.GetDirectoryName(folder)!, Path.Combine(models.Cache, key.Kind.Task));
            }

            Console.WriteLine($"freed {ByteSize.Text(freed)}");
            return Task.FromResult(ExitCode.Ok);
        });

    /// <returns>Its bytes.</returns>
    static long Remove(string folder)
    {
        long bytes = CacheFiles.AllBelow(folder).Sum(file => file.Length);
        CacheWriter.Remove(folder);
        return bytes;
    }

    /// <summary>A revision's folder and its model's, once no type and no revision is in them any more.</summary>
    static long RemoveEmpty(string folder, string task)
    {
        long bytes = 0;
        for (; folder != task && new DirectoryInfo(folder).EnumerateDirectories().All(one => Leftovers.IsFolder(one.Name));
            folder = Path.GetDirectoryName(folder)!)
        {
            bytes += Remove(folder);
        }

        return bytes;
    }
}
