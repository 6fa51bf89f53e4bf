using System.CommandLine;
using ImmichMl.Inference.Preparation;

namespace ImmichMl.Cli;

/// <summary>immich-ml models prepare: makes now what the daemon would make after a first load.</summary>
static class ModelsPrepareCommand
{
    static readonly Option<string?> s_precision = new("--precision")
    {
        Description = "Precision of the copies of CLIP models, as MACHINE_LEARNING_PRECISION has it", HelpName = "fp32|int8|int8-fast",
    };

    public static Command Create() => ModelNames.Verb(
        "prepare", "Make the optimised copies of models in the cache, and remove those that are out of date. No daemon is needed.",
        needsNames: false, static (models, arguments, _) =>
        {
            PrepareCommand.UseChosenRuntime();
            Settings settings = new Settings().AddEnvironment();
            if (arguments.GetValue(s_precision) is { } precision)
            {
                settings.Add("MACHINE_LEARNING_PRECISION", precision);
            }

            PreparedModels prepared = Preparing.With(settings, models.Options);
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
                    string stays = arguments.GetValue(s_precision) is null or Precision.PlainName || PrecisionOptions.IsFor(key.Kind)
                        ? "" : $"; it stays {Precision.PlainName}, as all {key.Kind.Models} do";
                    Console.WriteLine($"{key}  {prepared.Prepare(key, graph)}{stays}");
                }
                catch (ModelException e)
                {
                    Console.WriteLine($"{key}  {e.Message}");
                    code = ExitCode.OperatorFault;
                }
            }

            return Task.FromResult(code);
        },
        s_precision);
}
