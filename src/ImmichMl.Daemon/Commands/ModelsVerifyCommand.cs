using System.CommandLine;
using ImmichMl.Models;

namespace ImmichMl.Daemon.Commands;

/// <summary>immich-ml models verify: hashes again what was written down when a model came.</summary>
static class ModelsVerifyCommand
{
    public static Command Create()
    {
        Argument<string[]> names = ModelNames.Argument(optional: true);
        return new Command("verify", "Hash models of the cache again and compare. Those that Immich fetched have nothing to compare with, and are named so.")
        {
            names, Cli.Cache,
        }.Does(async (arguments, cancellation) =>
        {
            ModelNames models = ModelNames.Read(arguments);
            string[] given = arguments.GetValue(names) ?? [];
            IEnumerable<ModelKey> keys = given.Length > 0 ? given.SelectMany(models.Present) : models.Present(null);
            int code = Cli.Ok;
            foreach (ModelKey key in keys.Distinct())
            {
                string folder = models.Store.Find(key);
                IReadOnlyList<string> differences = ModelRecord.Read(folder) is { } record
                    ? await ModelVerifier.CompareAsync(folder, record, cancellation)
                    : ["no record to compare with"];
                bool isRecorded = ModelRecord.Read(folder) is not null;
                code = isRecorded && differences.Count > 0 ? Cli.OperatorFault : code;
                Console.WriteLine($"{key}  {(differences.Count == 0 ? "ok" : string.Join("; ", differences))}");
            }

            return code;
        });
    }
}
