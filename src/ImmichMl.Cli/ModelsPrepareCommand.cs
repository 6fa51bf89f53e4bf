using System.CommandLine;
using ImmichMl.Inference.Preparation;
using ImmichMl.Inference.Sessions;
using ImmichMl.Models;

namespace ImmichMl.Cli;

/// <summary>immich-ml models prepare: makes now what the daemon would make after a first load.</summary>
static class ModelsPrepareCommand
{
    public static Command Create()
    {
        Argument<string[]> names = ModelNames.Argument(optional: true);
        return new Command("prepare", "Make the optimised copies of models in the cache, and remove those that are out of date. No daemon is needed.")
        {
            names, CommandLine.Cache,
        }.Does((arguments, _) =>
        {
            PrepareCommand.UseChosenRuntime();
            ModelNames models = ModelNames.Read(arguments);
            Settings settings = new Settings().AddEnvironment();
            var prepared = new PreparedModels(new ModelOptions { CacheFolder = models.Cache }, settings.Read<RuntimeOptions>());
            foreach (string stale in prepared.RemoveStale(TimeProvider.System.GetUtcNow().UtcDateTime))
            {
                Console.WriteLine($"removed {stale}");
            }

            string[] given = arguments.GetValue(names) ?? [];
            int code = ExitCode.Ok;
            foreach (ModelKey key in (given.Length > 0 ? given.SelectMany(models.Present) : models.Present(null)).Distinct())
            {
                try
                {
                    string graph = Path.Combine(models.Store.Find(key), ModelStore.ModelFileName);
                    ModelFile.CheckModel(key, graph);
                    Console.WriteLine($"{key}  {prepared.Prepare(key, graph)}");
                }
                catch (ModelException e)
                {
                    Console.WriteLine($"{key}  {e.Message}");
                    code = ExitCode.OperatorFault;
                }
            }

            return Task.FromResult(code);
        });
    }
}
