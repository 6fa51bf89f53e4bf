using System.CommandLine;
using System.Formats.Tar;
using ImmichMl.Models;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml models import: models from a tar file or a folder in the layout of the cache. The user vouches for them.</summary>
static class ModelsImportCommand
{
    const int MaxFiles = 10_000;

    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "A tar file of 'models export', or a folder laid out as a cache" };
        return new Command("import", "Bring models into the cache without a network.") { source, Cli.Cache }.Does(async (arguments, cancellation) =>
        {
            ModelNames models = ModelNames.Read(arguments);
            string from = arguments.GetRequiredValue(source);
            string staged = Path.Combine(models.Cache, ".partial", $"import-{Environment.ProcessId}");
            CacheFiles.RefuseLinks(models.Cache, staged);
            ModelPlacing.Remove(staged);
            Directory.CreateDirectory(staged);
            try
            {
                await (Directory.Exists(from) ? CopyAsync(from, staged, cancellation) : UnpackAsync(from, staged, cancellation));
                return await PlaceAllAsync(models, staged, cancellation);
            }
            finally
            {
                ModelPlacing.Remove(staged);
            }
        });
    }

    static async Task CopyAsync(string from, string staged, CancellationToken cancellation)
    {
        foreach (string task in ModelKind.All.Select(kind => kind.Task).Distinct().Where(task => Directory.Exists(Path.Combine(from, task))))
        {
            foreach (FileInfo file in CacheFiles.Below(Path.Combine(from, task)))
            {
                await using FileStream input = file.OpenRead();
                await StageAsync(input, Path.GetRelativePath(from, file.FullName), staged, cancellation);
            }
        }
    }

    static async Task UnpackAsync(string from, string staged, CancellationToken cancellation)
    {
        await using FileStream stream = File.OpenRead(from);
        await using var tar = new TarReader(stream);
        for (int files = 0; await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry; files++)
        {
            if (entry.EntryType == TarEntryType.Directory)
            {
                continue;
            }

            if (files > MaxFiles || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                throw new FormatException($"{from} holds something other than files and folders, or too many of them.");
            }

            await StageAsync(entry.DataStream ?? Stream.Null, entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name, staged, cancellation);
        }
    }

    static async Task StageAsync(Stream input, string path, string staged, CancellationToken cancellation)
    {
        string target = CacheFiles.Resolve(staged, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await using FileStream output = File.Create(target);
        await input.CopyToAsync(output, cancellation);
    }

    static async Task<int> PlaceAllAsync(ModelNames models, string staged, CancellationToken cancellation)
    {
        var here = new ModelStore(new ModelOptions { CacheFolder = staged }, new ModelCatalog());
        ModelKey[] found = [.. here.List().Where(model => model.Bytes > 0).Select(model => model.Key)];
        HashSet<string> placed = [];
        foreach (ModelKey key in found.Where(key => placed.Add(here.FolderOf(key))))
        {
            string ready = here.FolderOf(key);
            string folder = models.Store.FolderOf(key);
            string name = Path.GetFileName(Path.GetDirectoryName(folder)!);
            using ModelLock held = await ModelLock.TakeAsync(models.Cache, key.Kind.Task, $"{name}.{key.Kind.Type}", TimeProvider.System, cancellation);
            new ModelRecord { Origin = ModelRecord.Imported, Files = await ModelVerifier.DescribeAsync(ready, cancellation) }.Write(ready);
            string config = Path.Combine(Path.GetDirectoryName(ready)!, "config.json");
            ModelPlacing.Place(models.Cache, ready, folder);
            if (File.Exists(config))
            {
                File.Copy(config, Path.Combine(Path.GetDirectoryName(folder)!, "config.json"), overwrite: true);
            }

            Console.WriteLine($"{key}  {folder}");
        }

        return found.Length > 0 ? Cli.Ok : throw new FormatException("No model in the layout of a cache is in it: TASK/NAME/TYPE/model.onnx.");
    }
}
