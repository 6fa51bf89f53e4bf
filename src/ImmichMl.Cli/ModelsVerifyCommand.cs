using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ImmichMl.Cli;

/// <summary>
/// immich-ml models verify: hashes again what was written down when a model came. Where nothing was, because Immich or the user put it
/// there, all that can be told is whether it loads.
/// </summary>
static class ModelsVerifyCommand
{
    public static Command Create() => ModelNames.Verb(
        "verify", "Hash models of the cache again and compare with what came. Those without a record (Immich's own, or yours) "
            + "are loaded instead. Exit code 3: damaged.", needsNames: false,
        static async (models, _, cancellation) =>
        {
            ModelKey[] keys = [.. models.Chosen];
            using IHost host = Host(models.Options);
            int code = ExitCode.Ok;
            foreach (ModelKey key in keys)
            {
                (bool isGood, string said) = await TryLookAsync(key, models, host, cancellation);
                code = isGood ? code : ExitCode.OperatorFault;
                Console.WriteLine($"{key}  {said}");
            }

            return code;
        });

    /// <summary>What cannot be read is told of the one model; the others are looked at too.</summary>
    static async Task<(bool IsGood, string Said)> TryLookAsync(ModelKey key, ModelNames models, IHost host, CancellationToken cancellation)
    {
        try
        {
            return await LookAsync(key, models, host, cancellation);
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            return (false, $"cannot be verified: {e.Message}");
        }
    }

    static async Task<(bool IsGood, string Said)> LookAsync(ModelKey key, ModelNames models, IHost host, CancellationToken cancellation)
    {
        string folder = models.Store.Find(key);
        if (ModelRecord.Read(folder) is not { } record)
        {
            return Loads(key, host) is { } cause
                ? (false, $"no record to compare with, and it will not load: {cause}")
                : (true, "no record to compare with; it loads");
        }

        List<string> differences = [.. await ModelVerifier.CompareAsync(folder, record, cancellation)];
        if (record.Origin == ModelRecord.Fetched && models.Store.Revision == ModelRevision.Main
            && models.Catalog.Find(key)?.Files.FirstOrDefault(file => file.Type == key.Kind.Type) is { } known
            && record.Files.FirstOrDefault(file => file.Path == ModelStore.ModelFileName)?.Sha256 != known.Sha256)
        {
            differences.Add($"{ModelStore.ModelFileName} is not the one that the catalogue knows");
        }

        if (differences.Count > 0)
        {
            return (false, string.Join("; ", differences));
        }

        string[] unverified = [.. record.Files.Where(file => file.Unverified).Select(file => file.Path)];
        return (true, unverified.Length == 0 ? $"ok, {record.Origin}"
            : $"as it came, {record.Origin}; never verified, because its source told no digest: {string.Join(", ", unverified)}");
    }

    /// <summary>Why it does not load; null when it does.</summary>
    static string? Loads(ModelKey key, IHost host)
    {
        try
        {
            host.Services.GetRequiredService<ModelLoader>().Load(key).Dispose();
            return null;
        }
        catch (Exception e) when (e is ModelException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    static IHost Host(ModelOptions models) => DaemonHost.BuildSilent(DaemonOptions.Read(
        new Settings().AddEnvironment().Add("MACHINE_LEARNING_CACHE_FOLDER", models.CacheFolder)
            .Add("MACHINE_LEARNING_MODEL_REVISION", models.Revision).Add("MACHINE_LEARNING_PREPARE_MODELS", "false")));
}
