using System.CommandLine;
using ImmichMl.Inference.Clip;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Cli;

/// <summary>immich-ml models prepare: makes now what the daemon would make after a first load.</summary>
static class ModelsPrepareCommand
{
    public static Command Create() => ModelNames.Verb(
        "prepare", "Make the optimised copies of models in the cache, and remove those that are out of date. No daemon is needed.",
        needsNames: false, static (models, _, _) =>
        {
            PrepareCommand.UseChosenRuntime();
            Settings settings = new Settings().AddEnvironment();
            RuntimeOptions runtime = settings.Read<RuntimeOptions>();
            runtime.PinsBatch = settings.Read<ClipOptions>().MaxBatch == 1;
            var prepared = new PreparedModels(models.Options, runtime);
            foreach (string stale in prepared.RemoveStale(TimeProvider.System.GetUtcNow().UtcDateTime))
            {
                Console.WriteLine($"removed {stale}");
            }

            int code = ExitCode.Ok;
            foreach (ModelKey key in models.Chosen)
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
