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
                // A language's name shares its detector with others: it goes with the name that owns the folder.
                string folder = models.Store.Find(key);
                string owner = Path.GetDirectoryName(folder)!;
                if (Path.GetFileName(owner) != key.Name)
                {
                    continue;
                }

                string type = $"{key.Name}.{key.Kind.Type}";
                string file = $"{models.Cache}/.partial/{key.Kind.Task}/{type}.lock";
                using ModelLock held = ModelLock.TryTake(models.Cache, key.Kind.Task, type, TimeProvider.System)
                    ?? throw new OperatorException($"{key} is being fetched or imported by another process, which {file} names.");
                freed += models.Store.List().First(model => model.Key == key).Bytes;
                CacheWriter.Remove(folder);
                CacheWriter.Remove(Path.Combine(models.Cache, ".partial", key.Kind.Task, key.Name, key.Kind.Type));
                if (!Directory.EnumerateDirectories(owner).Any())
                {
                    CacheWriter.Remove(owner);
                }
            }

            Console.WriteLine($"freed {ByteSize.Text(freed)}");
            return Task.FromResult(ExitCode.Ok);
        });
}
