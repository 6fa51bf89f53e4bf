using System.CommandLine;
using System.Formats.Tar;

namespace ImmichMl.Cli;

/// <summary>immich-ml models export: a model as a tar file in the layout of the cache, for a machine without a network.</summary>
static class ModelsExportCommand
{
    static readonly Option<string> s_output = new("--output", "-o")
    {
        Description = "The tar file to write", HelpName = "FILE", Required = true,
    };

    public static Command Create() => ModelNames.Verb(
        "export", "Write models to a tar file, for 'models import' elsewhere.", needsNames: true,
        static async (models, arguments, cancellation) =>
        {
            string[] folders = [.. models.Chosen.Select(models.Store.Find).Distinct()];
            string file = arguments.GetRequiredValue(s_output);
            try
            {
                await using FileStream stream = File.Create(file + ".partial");
                await using var tar = new TarWriter(stream, TarEntryFormat.Pax);
                IEnumerable<string> configs = folders.Select(Path.GetDirectoryName).Distinct()
                    .Select(folder => Path.Combine(folder!, CacheFiles.ConfigFileName)).Where(File.Exists);
                foreach (string path in configs.Concat(folders.SelectMany(CacheFiles.Below).Select(one => one.FullName)))
                {
                    await tar.WriteEntryAsync(path, Path.GetRelativePath(models.Cache, path), cancellation);
                }
            }
            catch
            {
                File.Delete(file + ".partial");
                throw;
            }

            File.Move(file + ".partial", file, overwrite: true);
            Console.WriteLine($"{file}  {ByteSize.Text(new FileInfo(file).Length)}");
            return ExitCode.Ok;
        },
        s_output);
}
