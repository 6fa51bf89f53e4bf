using System.CommandLine;

namespace ImmichMl.Cli;

/// <summary>immich-ml models import: models from a tar file or a folder in the layout of the cache. The user vouches for them.</summary>
static class ModelsImportCommand
{
    const string StagePrefix = "import-";

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A tar file of 'models export', or a folder laid out as a cache" };
        var command = new Command("import", "Bring models into the cache without a network.") { source, CommandLine.Cache };
        return command.Does(async (arguments, cancellation) =>
        {
            ModelNames models = ModelNames.Read(arguments);
            string from = arguments.GetRequiredValue(source);
            string partial = Path.Combine(models.Cache, ".partial");
            CacheFiles.RefuseLinks(models.Cache, partial);
            Directory.CreateDirectory(partial);
            RemoveAbandoned(partial);
            string staged = Path.Combine(partial, $"{StagePrefix}{Environment.ProcessId}");
            try
            {
                var stage = new ImportStage(staged, from);
                await (Directory.Exists(from) ? stage.CopyAsync(cancellation) : stage.UnpackAsync(cancellation));
                return await PlaceAllAsync(models, staged, cancellation);
            }
            finally
            {
                CacheWriter.Remove(staged);
            }
        });
    }

    /// <summary>What an import that was killed left behind.</summary>
    static void RemoveAbandoned(string partial)
    {
        foreach (string folder in Directory.GetDirectories(partial, StagePrefix + "*"))
        {
            if (!Directory.Exists($"/proc/{Path.GetFileName(folder)[StagePrefix.Length..]}"))
            {
                CacheWriter.Remove(folder);
            }
        }
    }

    static async Task<int> PlaceAllAsync(ModelNames models, string staged, CancellationToken cancellation)
    {
        var here = new ModelStore(new ModelOptions { CacheFolder = staged }, new ModelCatalog());
        ModelPlace[] found =
            [.. here.ListRevisions().Where(model => model.Bytes > 0).Select(model => here.PlaceOf(model.Key, model.Revision)).Distinct()];
        foreach (ModelPlace place in found)
        {
            (string ready, string folder) = (here.FolderOf(place), models.Store.FolderOf(place));
            CacheFiles.RefuseLinks(models.Cache, folder);
            using ModelLock held = await ModelLock.TakeAsync(models.Cache, place, TimeProvider.System, cancellation);
            IReadOnlyList<RecordedFile> files = await ModelVerifier.DescribeAsync(ready, cancellation);
            new ModelRecord { Origin = ModelRecord.Imported, Revision = place.Revision, Files = files }.Write(ready);
            if (Path.Combine(Path.GetDirectoryName(ready)!, CacheFiles.ConfigFileName) is var config && File.Exists(config))
            {
                string beside = Path.Combine(Path.GetDirectoryName(folder)!, CacheFiles.ConfigFileName);
                CacheWriter.InstallFile(models.Cache, config, beside);
            }

            CacheWriter.Install(models.Cache, ready, folder, keep: false);
            Console.WriteLine($"{new ModelKey(place.Kind, place.Name)}  {folder}");
        }

        return found.Length > 0
            ? ExitCode.Ok : throw new FormatException("No model in the layout of a cache is in it: TASK/NAME/TYPE/model.onnx.");
    }
}
